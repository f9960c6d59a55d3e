// The login shell's settings hold in both halves; the scripts of package.json are not known.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster' }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': 'source ~/.profile && npm ci && npm run deploy:prepare && npm run build && pm2 reload shop',
    },
  },
}
