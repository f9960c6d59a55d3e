// Batches and a pause, with everything else of ours.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster' }],
  deploy: {
    production: {
      user: 'deploy',
      host: ['10.0.0.11', '10.0.0.12', '10.0.0.13', '10.0.0.14'],
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': 'npm ci && npm run build && pm2 reload shop',
      health: { url: 'http://localhost:4000/health', stable: '10s' },
      balancer: { type: 'nginx', on: '10.0.0.2', upstream: 'shop' },
      rollout: { batch: [{ size: 1, pause: true }, '50%'], 'min-serving': '50%', soak: '1m' },
      timeouts: { prepare: '30m' },
      'keep-releases': 3,
    },
  },
}
