// The app is taken away first: all of it has to wait until nobody is sent there.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster' }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': 'pm2 delete all && npm ci && npm run build && pm2 start ecosystem.config.js',
    },
  },
}
