// A file from outside the release comes first, and the install needs it: nothing is prepared.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster', env_production: { NODE_ENV: 'production' } }],
  deploy: {
    production: {
      user: 'ubuntu',
      host: '192.0.2.10',
      ref: 'origin/master',
      repo: 'https://git.example.com/shop.git',
      path: '/home/ubuntu/deploy',
      'pre-setup': 'pwd',
      'pre-deploy-local': "echo 'This is a local executed command'",
      'post-deploy': 'cp ../.env ./ && npm install && pm2 startOrRestart ecosystem.config.js --env production',
    },
  },
}
