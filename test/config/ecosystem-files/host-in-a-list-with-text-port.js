// One host in a list, and the port as a text, as pm2 deploy wants it.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster', env_production: { NODE_ENV: 'production' } }],
  deploy: {
    production: {
      user: 'root',
      host: ['192.0.2.10'],
      port: '22',
      ref: 'origin/master',
      repo: 'git@git.example.com:shop.git',
      path: '/root/shop',
      'post-deploy': 'npm install && npm run build && pm2 startOrRestart ecosystem.config.js --env production',
    },
  },
}
