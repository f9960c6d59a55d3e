// Next.js: pm2 runs `next start`, and the build is a command of its own.
module.exports = {
  apps: [{ name: 'web', script: 'node_modules/next/dist/bin/next', args: 'start -p 4000', exec_mode: 'cluster', instances: 2 }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': 'npm ci && npx next build && pm2 startOrReload ecosystem.config.js --env production',
    },
  },
}
