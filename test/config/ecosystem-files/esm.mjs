// An ES module, and bun.
export default {
  apps: [{ name: 'shop', script: 'server.js' }],
  deploy: {
    production: {
      user: 'deploy', host: '192.0.2.10', ref: 'main', repo: 'git@git.example.com:shop.git', path: '/srv/shop',
      'post-deploy': 'bun install && bun run build && pm2 reload shop',
    },
  },
}
