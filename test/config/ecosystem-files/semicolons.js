// `;` between the commands: one that fails does not stop the next, so they are one command.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster', env_production: { NODE_ENV: 'production' } }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': 'npm install; npm run build; pm2 restart all',
    },
  },
}
