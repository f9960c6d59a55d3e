// A folder by its absolute path through `current`, which is the old release while the new one is prepared.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster', env_production: { NODE_ENV: 'production' } }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': 'cd /var/www/shop/current/server && npm ci && npm run build && cd .. && pm2 reload ecosystem.config.js',
    },
  },
}
