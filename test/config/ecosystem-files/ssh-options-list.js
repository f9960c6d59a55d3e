// Options of ssh as a list.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster', env_production: { NODE_ENV: 'production' } }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      ssh_options: ['StrictHostKeyChecking=no', '-o PasswordAuthentication=no', 'Port=2022', 'ProxyJump=jump.example.com'],
      'post-deploy': 'npm install && pm2 reload ecosystem.config.js',
    },
  },
}
