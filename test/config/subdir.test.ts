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

test('what the lockfile names is installed at the top as well', async () => {
  const { split } = await load({ subdir: 'apps/api', 'post-deploy': 'pm2 reload shop' })
  expect(split).toMatchObject({ byLockfile: true, prepare: [], activate: ['cd ./apps/api', 'pm2 reload shop'] })
})

test('a folder outside of the release is refused', async () => {
  for (const subdir of ['/srv', '../api', '.'])
    expect((await refusal(load({ subdir }))).message).toMatch(/deploy\.production\.subdir (must be|is the release)/)
})
