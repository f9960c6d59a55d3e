// No pm2, and nothing that tells how the app is: refused.
module.exports = {
  apps: [],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': 'docker compose up -d --build',
    },
  },
}
