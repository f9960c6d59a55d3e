// A list, with a text of two commands in it.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster', env_production: { NODE_ENV: 'production' } }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': ['npm ci', 'npm run build:prod', 'pm2 reload shop || pm2 start ecosystem.config.js', 'pm2 save'],
    },
  },
}
