// `script: 'npm'`: pm2 runs npm, which runs the app. Updated with `restart … --update-env`.
module.exports = {
  apps: [{ name: 'shop', script: 'npm', args: 'start' }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': 'yarn && yarn build && pm2 restart all --update-env',
    },
  },
}
