// Environments that share constants, a function and a spread: this one adds what it has of its own.
const repo = 'git@git.example.com:shop.git'
const release = (env, install = 'npm ci') => `${install} && npm run build:${env} && pm2 reload ecosystem.config.js --env ${env}`
const common = { user: 'deploy', repo, ssh_options: ['StrictHostKeyChecking=accept-new'], 'post-deploy': release('production') }

module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js' }],
  deploy: {
    staging: { ...common, host: 'staging-1', ref: 'origin/develop', path: '/var/www/staging', 'post-deploy': release('staging', 'npm i') },
    production: { ...common, host: ['web-1', 'web-2'], ref: 'origin/main', path: '/var/www/shop' },
  },
}
