// TypeScript, a tag, and pm2 of another user.
const host: readonly string[] = ['192.0.2.10', '192.0.2.11']

export default {
  apps: [{ name: 'shop', script: 'server.js' }],
  deploy: {
    production: {
      user: 'deploy',
      host,
      ref: 'v1.2.3',
      repo: 'git@git.example.com:shop.git',
      path: '/srv/shop',
      'post-deploy': 'npm ci && npm run compile && sudo -u app pm2 reload shop',
    },
  },
}
