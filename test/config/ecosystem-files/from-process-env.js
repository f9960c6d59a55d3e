// Everything from variables of the environment, which are set.
module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster', env_production: { NODE_ENV: 'production' } }],
  deploy: {
    production: {
      user: process.env.ZDR_TEST_USER,
      host: process.env.ZDR_TEST_HOST,
      ref: process.env.ZDR_TEST_REF || 'origin/main',
      repo: process.env.ZDR_TEST_REPO,
      path: process.env.ZDR_TEST_PATH,
      'post-deploy': 'cd backend && npm install && npm run build && pm2 reload ecosystem.config.js --env production',
    },
  },
}
