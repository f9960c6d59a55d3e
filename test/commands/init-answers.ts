import type { AllAnswers } from '../../src/commands/init/questions.ts'

/** A fleet behind nginx, as somebody may answer. */
export const answers: AllAnswers = {
  user: 'deploy',
  hosts: [
    { host: '10.0.0.11', server: '10.0.0.11:4000' },
    { host: 'web-2', server: '10.0.0.12:4000' },
  ],
  repo: 'git@git.example.com:shop.git',
  ref: 'origin/main',
  path: '/var/www/shop',
  subdir: '',
  script: 'server.js',
  postDeploy: 'npm ci && npm run build && pm2 reload ecosystem.config.js --env production',
  health: 'http://localhost:4000/health',
  balancers: ['10.0.0.2'],
  upstream: 'shop',
  servers: ['10.0.0.11:4000', '10.0.0.12:4000'],
}
