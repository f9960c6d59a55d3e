// `pm2 restart … || pm2 start …` behind a chain: the chain cannot be cut, for what stands behind `||` is for a failed install too.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster' }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': 'npm ci && npm run build && pm2 restart shop || pm2 start ecosystem.config.js',
    },
  },
}
