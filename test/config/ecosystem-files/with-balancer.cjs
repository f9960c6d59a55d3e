// Three hosts behind nginx.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster', env_production: { NODE_ENV: 'production' } }],
  deploy: {
    production: {
      user: 'deploy',
      host: ['10.0.0.11', '10.0.0.12', '10.0.0.13'],
      key: '~/.ssh/id_ed25519',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': 'npm install && npm run build && pm2 reload ecosystem.config.js --env production',
      health: 'http://localhost:4000/health',
      balancer: { type: 'nginx', on: ['10.0.0.2'], upstream: 'shop' },
      rollout: { batch: 1, 'min-serving': 1 },
    },
  },
}
