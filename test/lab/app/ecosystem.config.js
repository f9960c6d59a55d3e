module.exports = {
  apps: [
    {
      name: 'shop',
      script: 'server.js',
      cwd: '/var/www/shop/current',
      exec_mode: 'cluster',
      instances: 2,
      wait_ready: true,
      listen_timeout: 4_000,
      kill_timeout: 5_000,
      env: { PORT: 4000 },
      env_production: { NODE_ENV: 'production' },
    },
  ],
}
