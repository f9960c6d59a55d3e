import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { describe, expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { jsonSchema } from '../../build/json-schema.ts'
import { withKeyTables } from '../../build/key-tables.ts'
import { yamlFile } from '../../src/commands/init/file.ts'
import { checkEnvironment } from '../../src/config/check.ts'
import { everyKey, keysCalled, nearestKey } from '../../src/config/keys/every.ts'
import type { Value } from '../../src/config/keys/key.ts'
import { readConfig } from '../../src/config/read.ts'
import {
  balancerShape,
  environmentShape,
  healthShape,
  hostShape,
  rolloutShape,
  timeoutsShape,
} from '../../src/config/schema.ts'
import type { Shape } from '../../src/config/section.ts'
import { deploySection } from '../../src/config/source.ts'
import type { EnvironmentConfig } from '../../src/config/types.ts'
import { answers } from '../commands/init-answers.ts'
import { ecosystemFiles, filesFolder, variables } from './ecosystem-files.ts'

const takes = new Ajv({ strict: true, allowUnionTypes: true }).compile(jsonSchema() as object)
const root = join(import.meta.dirname, '../..')

type Block = Readonly<Record<string, unknown>>

const base: Block = {
  host: ['10.0.0.11', '10.0.0.12', '10.0.0.13', '10.0.0.14'],
  ref: 'origin/main',
  repo: 'git@git.example.com:shop.git',
  path: '/var/www/shop',
  'post-deploy': 'npm ci && pm2 reload shop',
  health: { url: 'http://localhost:4000/health' },
  balancer: { type: 'nginx', on: ['10.0.0.2'], upstream: 'shop' },
  rollout: { 'min-serving': 1 },
}

/** The base with this value under that name; the key of a list's object stands in the list's only item. */
function having(name: string, value: unknown): Block {
  const [first = '', ...rest] = name.split('.')
  if (first === 'host' && rest.length === 1)
    return { ...base, host: [{ host: 'web-1', [rest[0] ?? '']: value }, 'web-2'] }
  if (name.startsWith('rollout.batch.')) return having('rollout.batch', { size: 1, [rest[1] ?? '']: value })
  const inside = rest[0] === undefined ? value : { ...(base[first] as object | undefined), [rest[0]]: value }
  return { ...base, [first]: inside }
}

async function read(block: Block): Promise<EnvironmentConfig> {
  // As a file has it: a key without a value is not there.
  const data = JSON.parse(JSON.stringify({ deploy: { production: block } }))
  const source = { shown: 'deploy.yml', text: '', data, locate: () => 'deploy.yml', variableOf: () => undefined }
  return checkEnvironment(source, { cwd: '/nowhere', environment: 'production' })
}

function isTaken(block: Block): boolean {
  return takes({ deploy: { production: block } })
}

describe.each(everyKey)('$name', ({ name, key }) => {
  test.each(key.examples.map((example) => [example]))('%j is an example that is taken', async (example) => {
    await read(having(name, example))
    expect(isTaken(having(name, example))).toBe(true)
  })
  test('what is called its default is what holds without it', async () => {
    if (key.default !== undefined)
      expect(await read(having(name, key.default))).toEqual(await read(having(name, undefined)))
  })
  test('whatever the reader takes, the schema takes', async () => {
    for (const value of tricky) {
      const block = having(name, value)
      if (!isTaken(block)) expect({ value, isRead: await isRead(name, value) }).toEqual({ value, isRead: false })
    }
  })
})

const shapes: Readonly<Record<string, Shape>> = {
  environment: environmentShape('/nowhere'),
  host: hostShape,
  health: healthShape,
  balancer: balancerShape,
  rollout: rolloutShape,
  timeouts: timeoutsShape,
}

/** By the check of the key alone where it has one: to read the whole takes a hundred times as long. */
async function isRead(name: string, value: unknown): Promise<boolean> {
  const [own = '', section = 'environment', ...more] = name.split('.').reverse()
  const check = shapes[section]?.[own]
  if (check !== undefined && more.length === 0 && !(check instanceof z.ZodUnknown) && own !== 'env')
    return check.safeParse(value).success
  return read(having(name, value)).then(
    () => true,
    () => false,
  )
}

/** The environments of the file that are right. */
async function readBlocks(file: string): Promise<readonly { readonly file: string; readonly block: Block }[]> {
  const source = await readConfig(join(filesFolder, file), filesFolder)
  const read = Object.entries(deploySection(source) ?? {}).map(async ([environment, block]) =>
    checkEnvironment(source, { cwd: filesFolder, environment }).then(
      () => [{ file, block: block as Block }],
      () => [],
    ),
  )
  return (await Promise.all(read)).flat()
}

/** Values of every kind, and what people write in place of one another. */
const tricky: readonly Value[] = [
  ...[
    '',
    ' ',
    'text',
    ' text ',
    '-',
    'two words',
    'two\nlines',
    'yes',
    'no',
    'true',
    'false',
    'null',
    '~',
    '/',
    '~/x',
    ' /x/ ',
  ],
  ...[
    '5',
    '5s',
    ' 1.5 m ',
    '500ms',
    '0s',
    '24h',
    '25h',
    '0',
    '1',
    '2222',
    ' 22 ',
    '70000',
    '25%',
    ' 50 % ',
    '0%',
    '100.0%',
    '1.5%',
  ],
  ...['web-1', 'deploy@web-1:2222', '[fe80::1]:22', 'fe80::1', '10.0.0.9:4000', 'HTTP://localhost:1/x', ' https://x/ '],
  ...[
    'nginx',
    'rollback',
    'stop',
    'fail',
    'continue',
    'fast',
    'full',
    'Port=22',
    'ForwardAgent=yes',
    '/etc/x.conf',
    'npm ci',
  ],
  ...[0, 1, 2, 3, 22, 200, 599, 600, 65_535, 65_536, -1, 1.5],
  ...[
    true,
    false,
    [],
    [''],
    ['a'],
    ['a', 'b'],
    [1],
    [1, '25%'],
    [200, 204],
    [[]],
    {},
    { a: 1 },
    { A: 'x', b: true, _c: 2 },
  ],
  ...[{ 'a-b': 1 }, { a: { b: 1 } }, { size: 1 }, [{ size: '25%', pause: true }, 1], { host: 'web-9' }, { host: '' }],
  ...[[{ host: 'web-9', port: '22', ref: 'origin/main', path: '/var/www/shop' }, 'web-2', 'web-3'], [{ user: 'x' }]],
  ...[
    { url: 'http://localhost/x', status: 204, passes: 1 },
    { type: 'nginx', on: 'b', upstream: 'a.b' },
    { connect: '1s' },
  ],
]

describe('the schema', () => {
  test('takes every block that the reader takes, of files as people write them', async () => {
    for (const [variable, value] of Object.entries(variables)) vi.stubEnv(variable, value)
    const read = await Promise.all(ecosystemFiles().map(readBlocks))
    vi.unstubAllEnvs()
    const blocks = read.flat().map(({ file, block }) => ({ file, taken: isTaken(block) }))
    expect(blocks.filter(({ taken }) => !taken)).toEqual([])
    expect(blocks.length).toBeGreaterThan(40)
  })

  test('takes what `init --yaml` writes, which names the file that the package has it in', () => {
    const text = yamlFile(answers)
    const { files, name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const [, file] =
      new RegExp(String.raw`^# yaml-language-server: \$schema=node_modules/${name}/(\S+)$`, 'm').exec(text) ?? []
    expect(files).toContain(file)
    expect(takes(parse(text))).toBe(true)
  })

  test.each<[string, unknown]>([
    ['hots', 'web-1'],
    ['host', []],
    ['host', [{ user: 'deploy' }]],
    ['host.sever', 4001],
    ['port', 70_000],
    ['path', 'shop'],
    ['fetch', 'slow'],
    ['env', { 'NODE-ENV': 'production' }],
    ['health', 'localhost:4000'],
    ['health.status', 99],
    ['health.timeout', 5],
    ['balancer.type', 'haproxy'],
    ['balancer', { type: 'nginx', upstream: 'shop' }],
    ['rollout.soak', '5'],
    ['rollout.batch', 0],
    ['rollout.batch', '25'],
    ['rollout.batch', [{ pause: true }]],
    ['rollout.min_serving', 2],
    ['rollout.on-failure', 'undo'],
    ['timeouts.fetsh', '1m'],
    ['keep-releases', 1],
  ])('refuses %s: %j', (name, value) => {
    expect(isTaken(having(name, value))).toBe(false)
  })

  test('takes null where pm2 deploy reads nothing in it, as the reader does', async () => {
    for (const { name } of everyKey.filter((each) => each.key.isOfPm2))
      if (await isRead(name, null))
        expect({ name, isTaken: isTaken(having(name, null)) }).toEqual({ name, isTaken: true })
      else expect(['host', 'host.host', 'ref', 'repo', 'path']).toContain(name)
  })

  test('has no word to say about what is pm2’s', () => {
    expect(takes({ apps: [{ name: 'shop', whatever: 1 }], defaults: {}, deploy: {} })).toBe(true)
    expect(takes({ apps: [] })).toBe(false)
  })
})

describe('a key is found', () => {
  test.each([
    ['rollout.batch', ['rollout.batch']],
    ['batch', ['rollout.batch']],
    ['reload', ['reload']],
    ['deploy.production.host[1].server', ['host.server']],
    ['timeout', ['health.timeout']],
    ['nothing', []],
  ])('by %s', (word, names) => {
    expect(keysCalled(word).map(({ name }) => name)).toEqual(names)
  })
  test.each([
    ['rolout.batch', 'rollout.batch'],
    ['min_servin', 'rollout.min-serving'],
    ['xyzzy', undefined],
  ])('by what is nearest to %s', (word, name) => {
    expect(nearestKey(word)).toBe(name)
  })
})

test('the README’s tables are those of `npm run docs`', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  expect(withKeyTables(readme)).toBe(readme)
})
