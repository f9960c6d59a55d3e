// An ES module in a .js file.
const host = ['192.0.2.10', '192.0.2.11']
const ecosystem = {
  apps: [{ name: 'shop', script: 'dist/server.js' }],
  deploy: {
    production: { user: 'deploy', host, ref: 'origin/main', repo: 'git@git.example.com:shop.git', path: '/var/www/shop', 'post-deploy': 'yarn install --immutable && yarn build && yarn pm2 reload shop' },
  },
}

export default ecosystem
