// Keys that pm2 deploy would ignore in silence.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster' }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'ssh-options': 'ForwardAgent=yes',
      'post_deploy': 'npm ci && pm2 reload shop',
      'post-deploy': 'npm ci && pm2 reload shop',
    },
  },
}
