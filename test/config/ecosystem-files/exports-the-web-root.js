// A variable that is set before leads a build into the web root: the build waits, the install does not.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster' }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': 'export DEST=/srv/www && npm ci && npm run build && pm2 reload shop',
    },
  },
}
