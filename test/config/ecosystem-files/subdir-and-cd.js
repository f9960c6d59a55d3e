// `subdir`, and a chain that enters it as well: refused.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster' }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      subdir: 'apps/api',
      'post-deploy': 'cd apps/api && npm ci && npm run build && pm2 reload shop',
    },
  },
}
