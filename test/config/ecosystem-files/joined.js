// A list that JavaScript joins.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster' }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': [
        'npm install',
        'npm install --prefix server',
        'npm run build:server',
        'npx prisma migrate deploy',
        'npx pm2 startOrRestart ecosystem.config.js --env production',
      ].join(' && '),
    },
  },
}
