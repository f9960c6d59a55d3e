// Variables of the environment that are not set, taken out of process.env in three ways: each is named.
const { ZDR_NOT_SET_USER, ZDR_NOT_SET_HOST: host, ZDR_NOT_SET_REF = 'origin/main' } = process.env

module.exports = {
  apps: [{ name: 'shop', script: 'dist/server.js', instances: 2, exec_mode: 'cluster' }],
  deploy: {
    production: {
      user: ZDR_NOT_SET_USER,
      host: [host],
      ref: ZDR_NOT_SET_REF,
      repo: 'git@git.example.com:shop.git',
      path: `${process.env.ZDR_NOT_SET_PATH}/shop`,
      key: process.env['ZDR_NOT_SET_KEY'],
      'pre-deploy-local': `scp .env ${ZDR_NOT_SET_USER}@${host}:${process.env.ZDR_NOT_SET_PATH}/shared/.env`,
      'post-deploy': `cd ${process.env.ZDR_NOT_SET_PATH}/current && npm ci && pm2 reload shop`,
    },
  },
}
