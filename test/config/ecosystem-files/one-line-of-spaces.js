// Lines that JavaScript joins with blanks.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster' }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': `
        npm install &&
        npm run build &&
        pm2 reload ecosystem.config.js
      `.trim().replace(/\s+/g, ' '),
    },
  },
}
