// git in front of everything, as on a box that was deployed by hand: none of it has a place in a release.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster' }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': 'git stash && git checkout main && git pull origin main && npm install && pm2 reload shop',
    },
  },
}
