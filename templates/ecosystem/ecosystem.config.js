// What pm2 runs, and where zdr-deploy rolls it out. `zdr-deploy production setup`, once; then `zdr-deploy production`.
/** @type {import('zdr-deploy').Config} */
module.exports = {
  apps: [
    {
      name: 'shop',
      script: 'server.js',
      // In cluster mode, pm2 starts the new workers before it stops the old ones.
      exec_mode: 'cluster',
      instances: 2,
      env_production: { NODE_ENV: 'production', PORT: 4000 },
    },
  ],

  deploy: {
    // <deploy>
    production: {
      // The fleet. A host may be an object of its own: { host: '10.0.0.13', user: 'node', port: 2222, key: '…' }.
      user: 'deploy',
      host: ['10.0.0.11', '10.0.0.12', '10.0.0.13'],
      key: '~/.ssh/id_ed25519',

      // What is deployed, and where. The hosts fetch it with their own access to the repository.
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',

      // Install and build run beside the running app; from the first other command on, while the host is out of rotation.
      'post-deploy': 'npm ci && npm run build && pm2 reload ecosystem.config.js --env production',

      // Asked on the host itself. Any 2xx answer is healthy.
      health: 'http://localhost:4000/health',

      // The nginx machines, by their SSH addresses, and the upstream that lists the hosts.
      balancer: { type: 'nginx', on: ['10.0.0.2'], upstream: 'shop' },

      // Once for a commit, on one host, before the first host is taken out:
      // migrate: 'npx prisma migrate deploy',

      // How many hosts at a time, and how many must serve at every moment. Or a canary first, and each batch watched for
      // a while: { batch: [1, '25%'], 'min-serving': '50%', soak: '2m' }. After a change of batch (or of min-serving, where
      // batch is a list), and after a change of the hosts: `zdr-deploy production setup` once more.
      rollout: { batch: 1, 'min-serving': 2 },
    },
    // </deploy>
  },
}
