// The folder that pm2 deploy works in, by its absolute path: here it is the release.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster' }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-setup': 'cd server && npm ci',
      'post-deploy': 'cd /var/www/shop/source/server && npm ci && npm run build && cp /var/www/shop/source/config/live.json . && pm2 reload shop',
    },
  },
}
