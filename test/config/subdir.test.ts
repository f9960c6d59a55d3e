import { expect, test } from 'vitest'
import { loadEnvironment } from '../../src/config/load.ts'
import { deployYml, refusal } from './temporary.ts'

const load = async (lines: Readonly<Record<string, string>>) =>
  loadEnvironment({ cwd: await deployYml(lines), environment: 'production' })

test('what is installed first is installed at the top, and the rest runs in the folder of the app', async () => {
  const written = '"npm ci && npm run build && pm2 reload shop"'
  const { split, migrate } = await load({ subdir: 'apps/api/', 'post-deploy': written, migrate: 'npm run migrate' })
  expect(split.prepare).toEqual(['npm ci', 'cd ./apps/api', 'npm run build'])
  expect(split.activate).toEqual(['cd ./apps/api', 'pm2 reload shop'])
  expect(migrate).toBe('cd ./apps/api && npm run migrate')
})

test('what is set up for an install is set up at the top, in both halves', async () => {
  const written = '"nvm use && export NODE_ENV=production && npm ci && export A=b && npm run build && pm2 reload shop"'
  const { split } = await load({ subdir: 'apps/api', 'post-deploy': written })
  const top = ['nvm use', 'export NODE_ENV=production']
  expect(split.prepare).toEqual([...top, 'npm ci', 'cd ./apps/api', 'export A=b', 'npm run build'])
  expect(split.activate).toEqual([...top, 'cd ./apps/api', 'export A=b', 'pm2 reload shop'])
})

test('where no install follows, or in a folder of its own, all runs in the folder of the app', async () => {
  const builds = await load({ subdir: 'apps/api', 'post-deploy': '"nvm use && npm run build && pm2 reload shop"' })
  expect(builds.split.prepare).toEqual(['cd ./apps/api', 'nvm use', 'npm run build'])
  const apart = await load({ subdir: 'apps/api', 'post-deploy': '"cd web && npm ci && pm2 reload shop"' })
  expect(apart.split.prepare).toEqual(['cd ./apps/api', 'cd web', 'npm ci'])
  const own = { install: '"nvm use && npm ci"', reload: 'pm2 reload shop' }
  const { split } = await load({ subdir: 'apps/api', ...own })
  expect(split.prepare).toEqual(['nvm use', 'npm ci', 'cd ./apps/api'])
  expect(split.activate).toEqual(['cd ./apps/api', 'pm2 reload shop'])
})

test.each([
  ['post-deploy', '"npm ci && cd apps/api && npm run build && pm2 reload shop"', 'cd apps/api'],
  [
    'post-deploy',
    '"cd /var/www/shop/current/apps/api/; npm ci; pm2 reload shop"',
    'cd /var/www/shop/current/apps/api/',
  ],
  ['migrate', '"cd ./apps/api && npm run migrate"', 'cd ./apps/api'],
])('a %s that enters the folder itself is refused: %s', async (key, text, found) => {
  const refused = await refusal(load({ 'post-deploy': 'pm2 reload shop', subdir: 'apps/api/', [key]: text }))
  expect(refused.message).toContain(`deploy.production.${key} runs in \`apps/api/\``)
  expect(refused.message).toContain(`take \`${found}\` out`)
})

test('what the lockfile names is installed at the top as well', async () => {
  const { split } = await load({ subdir: 'apps/api', 'post-deploy': 'pm2 reload shop' })
  expect(split).toMatchObject({
    byLockfile: true,
    prepare: ['cd ./apps/api'],
    activate: ['cd ./apps/api', 'pm2 reload shop'],
  })
})

test('the folder is entered in the preparation in any case: one that is not there is found before a host is out', async () => {
  const { split } = await load({ subdir: 'apps/api', 'post-deploy': '"./start.sh; pm2 reload shop"' })
  expect(split.prepare).toEqual(['cd ./apps/api'])
})

test('a folder outside of the release is refused', async () => {
  for (const subdir of ['/srv', '../api', '.'])
    expect((await refusal(load({ subdir }))).message).toMatch(/deploy\.production\.subdir (must be|is the release)/)
})
