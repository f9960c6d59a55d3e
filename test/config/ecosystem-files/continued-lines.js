// A template text with `&&` at the ends of its lines, comments, and a `;` at the very end.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster' }],
  deploy: {
    production: {
      user: 'deploy',
      host: '192.0.2.10',
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': `
        cd api &&
        npm ci &&      # what the lockfile says
        npm run build \\
          -- --mode production &&
        pm2 startOrReload ../ecosystem.config.js --env production;
      `,
    },
  },
}
