// nvm and an export, which hold in both halves.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster', env_production: { NODE_ENV: 'production' } }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      fetch: 'fast',
      'post-deploy': 'source ~/.nvm/nvm.sh && nvm use && export NODE_ENV=production && pnpm install --frozen-lockfile && pnpm build && pm2 reload all',
    },
  },
}
