// No pm2, and a server in the background: nothing that anybody should do.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster' }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': 'npm ci && pkill -f server.js; nohup node server.js > app.log 2>&1 &',
      health: 'http://localhost:4000/health', // what they add: no process manager is called
    },
  },
}
