// Variables for one command, and for all.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster' }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': 'export NODE_OPTIONS=--max-old-space-size=2048 && NODE_ENV=development npm ci && NODE_ENV=production npm run build && pm2 reload shop --update-env',
    },
  },
}
