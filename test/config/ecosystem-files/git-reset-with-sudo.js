// git as another user, in a folder given by -C, and of a repository that is not ours.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster' }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': 'sudo -u deploy git -C /var/www/shop/current reset --hard && git -C /srv/catalogue pull && npm ci && pm2 reload shop',
    },
  },
}
