// All of it in a shell of its own, for nvm: nothing of it is known but that it calls pm2.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster' }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': "bash -ic 'nvm use && npm ci && npm run build && pm2 reload shop'",
    },
  },
}
