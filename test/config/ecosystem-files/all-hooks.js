// Every hook, some of them empty, as `pm2 init` leaves them.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster' }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'pre-setup': 'sudo apt-get install -y git',
      'post-setup': ['mkdir -p logs', 'ls -la'],
      'pre-deploy-local': 'npm test',
      'pre-deploy': 'git fetch --all && git reset --hard origin/main',
      'post-deploy': 'npm ci && pm2 reload shop',
      env: { NODE_ENV: 'production', greeting: "it's on" },
    },
  },
}
