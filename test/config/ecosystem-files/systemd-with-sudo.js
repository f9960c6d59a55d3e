// No pm2, systemd restarts it: not split, but `reload` says how.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster' }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': 'npm ci && npm run build && sudo systemctl restart shop',
      reload: 'sudo systemctl restart shop',
      health: 'http://localhost:4000/health', // what they add: no process manager is called
    },
  },
}
