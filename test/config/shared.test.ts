import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadEnvironment } from '../../src/config/load.ts'
import type { EnvironmentConfig } from '../../src/config/types.ts'
import { deployYml, refusal } from './temporary.ts'

async function load(lines: Readonly<Record<string, string>>): Promise<EnvironmentConfig> {
  return loadEnvironment({ cwd: await deployYml(lines), environment: 'production' })
}

async function problemsOf(lines: Readonly<Record<string, string>>): Promise<readonly string[]> {
  return (await refusal(load(lines))).message.split('\n')
}

test('nothing is shared where nothing is said', async () => {
  expect(await load({})).toMatchObject({ shared: [], uploads: [], ignore: [] })
})

test('shared and ignore are lists, or one; what is written twice over is written plainly', async () => {
  expect(await load({ shared: '[.env, ./uploads//, config/master.key]', ignore: 'tmp/' })).toMatchObject({
    shared: ['.env', 'uploads/', 'config/master.key'],
    ignore: ['tmp/'],
  })
})

test('an upload is shared, named there or not; its file is looked for beside the configuration', async () => {
  const folder = await deployYml({ shared: '[.env]', upload: '{ .env.production: .env, ../k: config/key }' })
  const config = await loadEnvironment({ cwd: '/', file: join(folder, 'deploy.yml'), environment: 'production' })
  expect(config.shared).toEqual(['.env', 'config/key'])
  expect(config.uploads).toMatchObject([
    { file: join(folder, '.env.production'), shown: '.env.production', to: '.env' },
    { file: join(folder, '..', 'k'), to: 'config/key' },
  ])
  expect(config.uploads[0]?.where).toMatch(/deploy\.yml:10:\d+ deploy\.production\.upload\['\.env\.production'\]$/)
})

describe('refused with the key is', () => {
  test.each([
    ['/etc/passwd', 'must be a path inside the release'],
    ['~/.env', 'must be a path inside the release'],
    ['a/../../b', 'it leads out of it'],
    ['./', 'is the release itself'],
    ['.git/config', "is git's own"],
    ['api/node_modules/', 'each release has its own'],
    ['uploads/*.png', 'without patterns'],
  ])('a path such as %s', async (path, said) => {
    const shown = JSON.stringify(path)
    expect(await problemsOf({ shared: `[.env, ${shown}]` })).toEqual([
      expect.stringMatching(/^deploy\.yml:9:\d+ deploy\.production\.shared\[1\] /),
    ])
    expect((await problemsOf({ shared: shown }))[0]).toContain(said)
    expect((await problemsOf({ upload: `{ a: ${shown} }` }))[0]).toContain(`deploy.production.upload.a`)
    expect((await problemsOf({ ignore: shown }))[0]).toContain('deploy.production.ignore')
  })

  test.each([
    [{ shared: '[config/, .env, config/key]' }, 'shared[2] has `config/key`, and `config/` is named too'],
    [{ shared: '[uploads, uploads/]' }, 'shared[1] has `uploads/`, and `uploads` is named too'],
    [{ shared: '[.env, .env]' }, 'shared[1] has `.env` twice'],
    [{ shared: '[config/]', upload: '{ k: config/key }' }, 'upload.k has `config/key`, and `config/` is named too'],
    [{ upload: '{ a: config/ }' }, 'upload.a is `config/`, a folder: write which file `a` becomes there'],
    [{ upload: '[a]' }, 'upload must be an object'],
    [{ upload: '{ a: 1 }' }, 'upload.a must be a text'],
    [{ upload: '{ key: master.key }' }, 'upload.key would be taken by pm2 deploy for its own `key`: write `./key`'],
  ])('%j', async (lines, said) => {
    expect(await problemsOf(lines)).toEqual([expect.stringContaining(`deploy.production.${said}`)])
  })
})
