// CommonJS by its ending; a port that is a number, and a path below the host's home.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster', env_production: { NODE_ENV: 'production' } }],
  deploy: {
    production: {
      user: 'deploy',
      host: ['192.0.2.10', 'admin@192.0.2.11'],
      port: 2222,
      key: '~/.ssh/id_ed25519',
      'forward-agent': true,
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '~/shop',
      'post-deploy': 'npm ci --omit=dev && npm run build && pm2 reload ecosystem.config.js --env production && pm2 save',
    },
  },
}
