// No pm2 at all: containers.
module.exports = {
  apps: [],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': 'docker compose build && docker compose up -d --remove-orphans',
      health: 'http://localhost:4000/health', // what they add: no process manager is called
    },
  },
}
