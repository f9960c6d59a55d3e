// Folders and versions on the way.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster' }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': 'node -v && npm -v && mkdir -p logs tmp && npm ci && pm2 reload shop && pm2 save --force',
    },
  },
}
