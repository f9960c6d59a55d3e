// What is run for its output is run in both halves: only where it reads is it trusted.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster' }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy':
        'export NODE_OPTIONS=--max-old-space-size=$(cat memory || echo 512) && npm ci && export TAG=$(./scripts/deploy.sh tag) && npm run build && pm2 reload shop',
    },
  },
}
