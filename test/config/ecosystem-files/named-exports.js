// An ES module in a .js file, with names instead of a default, and a require all the same.
const { join } = require('node:path')

export const apps = [{ name: 'shop', script: 'dist/server.js' }]
export const deploy = {
  production: {
    user: 'deploy',
    host: '192.0.2.10',
    ref: 'origin/main',
    repo: 'git@git.example.com:shop.git',
    path: join('/var/www', 'shop'),
    'post-deploy': 'pnpm install --frozen-lockfile --prod && pnpm -r build && pm2 reload shop',
  },
}
