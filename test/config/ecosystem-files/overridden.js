// `install` and `reload` in the user's own words, beside what pm2 deploy goes on reading.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster' }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': 'make release',
      install: ['ln -sfn $SHARED/.env .env', 'npm ci', 'npm run build'],
      reload: 'pm2 reload ecosystem.config.js --env production',
      migrate: 'npx prisma migrate deploy',
    },
  },
}
