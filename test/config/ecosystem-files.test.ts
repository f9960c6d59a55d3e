import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { loadEnvironment } from '../../src/config/load.ts'
import { refusal } from './temporary.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

const folder = join(import.meta.dirname, 'ecosystem-files')
const startOrRestart = 'pm2 startOrRestart ecosystem.config.js --env production'
const reload = 'pm2 reload ecosystem.config.js --env production'

interface Expected {
  readonly hosts?: readonly string[]
  readonly prepare: readonly string[]
  readonly activate: readonly string[]
  readonly manager?: 'command'
}

const one = ['deploy@192.0.2.10']
const files: Readonly<Record<string, Expected>> = {
  'one-host.js': { hosts: ['node@192.0.2.10'], prepare: ['npm install'], activate: [reload] },
  'host-in-a-list-with-text-port.js': {
    hosts: ['root@192.0.2.10:22'],
    prepare: ['npm install', 'npm run build'],
    activate: [startOrRestart],
  },
  'numeric-port.cjs': {
    hosts: ['deploy@192.0.2.10:2222', 'admin@192.0.2.11:2222'],
    prepare: ['npm ci --omit=dev', 'npm run build'],
    activate: [reload, 'pm2 save'],
  },
  'object-hosts.js': {
    hosts: ['deploy@192.0.2.10:2201', 'shop@192.0.2.10:2202', 'deploy@web-3'],
    prepare: ['yarn install --production', 'yarn build'],
    activate: ['pm2 reload all'],
  },
  'cd-api.js': { prepare: ['cd api', 'npm install', 'npm run build'], activate: ['cd api', reload] },
  'git-pull.js': { prepare: ['npm install --production'], activate: [startOrRestart] },
  'only-npm-install.js': { prepare: [], activate: ['npm install'], manager: 'command' },
  'script.js': { prepare: [], activate: ['./scripts/deploy.sh production'], manager: 'command' },
  'list.js': {
    prepare: ['npm ci', 'npm run build:prod'],
    activate: ['pm2 reload shop || pm2 start ecosystem.config.js', 'pm2 save'],
  },
  'no-post-deploy.js': { prepare: [], activate: ['pm2 startOrRestart no-post-deploy.js --env production'] },
  'ssh-options-text.js': { prepare: ['npm install'], activate: ['pm2 reload ecosystem.config.js'] },
  'ssh-options-list.js': {
    hosts: ['deploy@192.0.2.10:2022'],
    prepare: ['npm install'],
    activate: ['pm2 reload ecosystem.config.js'],
  },
  'semicolons.js': { prepare: [], activate: ['npm install; npm run build; pm2 restart all'] },
  'copies-env-first.js': {
    hosts: ['ubuntu@192.0.2.10'],
    prepare: [],
    activate: ['cp ../.env ./', 'npm install', startOrRestart],
  },
  'migrates.js': { prepare: ['npm ci', 'npm run build'], activate: ['npm run migrate', reload] },
  'nvm.js': {
    prepare: [
      'source ~/.nvm/nvm.sh',
      'nvm use',
      'export NODE_ENV=production',
      'pnpm install --frozen-lockfile',
      'pnpm build',
    ],
    activate: ['source ~/.nvm/nvm.sh', 'nvm use', 'export NODE_ENV=production', 'pm2 reload all'],
  },
  'pulls-in-the-pre-deploy.js': { prepare: ['npm install'], activate: ['pm2 reload ecosystem.config.js'] },
  'absolute-cd.js': {
    prepare: ['cd ./server', 'npm ci', 'npm run build'],
    activate: ['cd ./server', 'cd ..', 'pm2 reload ecosystem.config.js'],
  },
  'from-process-env.js': {
    hosts: ['me@192.0.2.99'],
    prepare: ['cd backend', 'npm install', 'npm run build'],
    activate: ['cd backend', reload],
  },
  'several-lines.js': { prepare: ['npm ci', 'npm run build'], activate: [reload] },
  'with-balancer.cjs': {
    hosts: ['deploy@10.0.0.11', 'deploy@10.0.0.12', 'deploy@10.0.0.13'],
    prepare: ['npm install', 'npm run build'],
    activate: [reload],
  },
  'esm.mjs': { prepare: ['bun install', 'bun run build'], activate: ['pm2 reload shop'] },
  'typescript.ts': {
    hosts: ['deploy@192.0.2.10', 'deploy@192.0.2.11'],
    prepare: ['npm ci', 'npm run compile'],
    activate: ['sudo -u app pm2 reload shop'],
  },
  'with-comments.json': {
    hosts: ['node@192.0.2.10'],
    prepare: ['npm install'],
    activate: ['pm2 startOrRestart ecosystem.json --env production'],
  },
  'anchors.yml': { hosts: ['deploy@web-1', 'deploy@web-2'], prepare: ['npm ci'], activate: ['pm2 reload shop'] },
  'deploy.yml': {
    hosts: ['deploy@10.0.0.11', 'deploy@10.0.0.12', 'deploy@10.0.0.13', 'deploy@10.0.0.14'],
    prepare: ['npm ci', 'npm run build'],
    activate: ['sudo systemctl restart shop'],
    manager: 'command',
  },
}

test.each(Object.entries(files))('%s works as it is', async (file, expected) => {
  vi.stubEnv('ZDR_TEST_USER', 'me')
  vi.stubEnv('ZDR_TEST_HOST', '192.0.2.99')
  vi.stubEnv('ZDR_TEST_REPO', 'git@git.example.com:shop.git')
  vi.stubEnv('ZDR_TEST_PATH', '/var/www/shop')
  const { hosts, split } = await loadEnvironment({ cwd: folder, file, environment: 'production' })
  expect(hosts.map(({ user, address, port }) => `${user}@${address}${port === undefined ? '' : `:${port}`}`)).toEqual(
    expected.hosts ?? one,
  )
  const { prepare, activate, manager } = split
  expect({ prepare, activate, manager }).toEqual({
    prepare: expected.prepare,
    activate: expected.activate,
    manager: expected.manager ?? 'pm2',
  })
})

test('what `pm2 init` writes is refused where nobody has filled it in', async () => {
  const { message } = await refusal(
    loadEnvironment({ cwd: folder, file: 'generated-by-pm2-init.js', environment: 'production' }),
  )
  expect(message.split('\n')).toHaveLength(4)
  expect(message).toContain('deploy.production.host is still the placeholder')
})

test('every file of the folder is in the table', () => {
  expect(readdirSync(folder).sort()).toEqual([...Object.keys(files), 'generated-by-pm2-init.js'].sort())
})

test('a file that says everything is taken at its word', async () => {
  const config = await loadEnvironment({ cwd: folder, file: 'deploy.yml', environment: 'production' })
  expect(config).toMatchObject({
    keepReleases: 8,
    health: { statuses: [200, 204], timeoutMs: 2000, passes: 3, intervalMs: 250, stableMs: 10_000, startMs: 120_000 },
    balancer: {
      upstream: 'shop.api',
      statusPort: 21_999,
      machines: [{ user: 'root', port: 2222 }, { user: 'deploy' }],
    },
    rollout: { minServing: 2, onFailure: 'stop', drainTimeoutMs: 90_000, onDrainTimeout: 'continue' },
    warnings: [],
  })
})
