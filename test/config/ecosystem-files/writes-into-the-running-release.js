// A harmless command whose output goes into the release that runs: it waits.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster' }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy':
        'npm ci > npm.log && git log -1 > /var/www/shop/current/public/version.txt && npm run build && pm2 reload shop',
    },
  },
}
