// Hosts as objects with their own user, port, key and server.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster', env_production: { NODE_ENV: 'production' } }],
  deploy: {
    production: {
      user: 'deploy',
      host: [
        { host: '192.0.2.10', port: '2201', key: '/keys/one' },
        { host: '192.0.2.10', port: 2202, user: 'shop', server: 4001 },
        { host: 'web-3', ref: 'origin/main', server: '10.0.0.3:4002' },
      ],
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      health: 'http://localhost:4000/health',
      'post-deploy': 'yarn install --production && yarn build && pm2 reload all',
    },
  },
}
