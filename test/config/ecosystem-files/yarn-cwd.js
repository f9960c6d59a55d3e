// Subfolders by options: those of the release are harmless, others are not.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster' }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': 'yarn --cwd server install && yarn --cwd server build && npm --prefix ../admin ci && pm2 reload shop',
    },
  },
}
