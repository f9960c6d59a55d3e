// The same as a list: what leads is prepared.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster' }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': [
        'echo "installing…"',
        'npm ci --omit=dev',
        'npm run build || true',
        'pm2 startOrReload ecosystem.config.js --only shop',
        'echo "done"',
      ],
    },
  },
}
