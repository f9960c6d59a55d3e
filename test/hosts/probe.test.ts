import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Probe, parseProbe, probeScript } from '../../src/hosts/probe.ts'

let home: string
/** A folder with everything but the tool that is looked for. */
let plain: string

beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), "zdr home's ")))
  plain = '/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin'
})

afterEach(() => rmSync(home, { recursive: true, force: true }))

test('tells who, where, how much room, and what is there', () => {
  const probe = look({ path: '~/apps/shop', tools: ['git', 'node'], path2: `${dirname(process.execPath)}:${plain}` })
  expect(probe).toMatchObject({
    user: userInfo().username,
    home,
    base: join(home, 'apps/shop'),
    nearest: home,
    writable: true,
    inodesLeft: true,
  })
  expect(probe.freeBytes).toBeGreaterThan(0)
  expect(probe.path?.from).toBe('plain')
  expect(probe.tools.map(({ name }) => name)).toEqual(['git', 'node'])
  expect(probe.tools[1]).toMatchObject({ version: expect.stringMatching(/^v\d+/) })
  expect(Math.abs(probe.epochSeconds - Date.now() / 1000)).toBeLessThan(60)
  expect(probe.bootId).toMatch(/^[0-9a-f-]{36}$/)
})

test.each([
  ['login shell', '.profile', 'echo noise; printf zdr-path; PATH="$HOME/tools:$PATH"'],
  ['interactive shell', '.bashrc', 'case $- in *i*) export PATH="$HOME/tools:$PATH" ;; esac; echo noise >&2'],
] as const)('finds a tool that only the %s has on its PATH', (from, file, text) => {
  put('tools/zdr-tool', '#!/bin/sh\necho 1.2.3')
  writeFileSync(join(home, file), text)
  const probe = look({ tools: ['git', 'zdr-tool'] })
  expect(probe.path).toMatchObject({ from, missing: [] })
  expect(probe.tools[1]).toEqual({ name: 'zdr-tool', location: join(home, 'tools/zdr-tool'), version: '1.2.3' })
  expect(probe.tried[0]).toMatchObject({ from: 'plain', missing: ['zdr-tool'] })
})

test.each([
  [null, '20.10.0'],
  ['18', '18.19.1'],
  ['v18.2.0', '18.2.0'],
  ['lts/*', '20.10.0'],
  ['99', '20.10.0'],
])('of the versions that nvm has, with %s as default, takes %s', (wanted, version) => {
  for (const one of ['18.2.0', '18.19.1', '20.9.0', '20.10.0'])
    put(`.nvm/versions/node/v${one}/bin/zdr-tool`, `#!/bin/sh\necho ${one}`)
  mkdirSync(join(home, '.nvm/alias'))
  if (wanted !== null) writeFileSync(join(home, '.nvm/alias/default'), wanted)
  const probe = look({ tools: ['zdr-tool'], shell: '/bin/sh' })
  expect(probe.path?.from).toBe('well-known places')
  expect(probe.tools).toMatchObject([{ version }])
})

test('a tool that is nowhere is named, with every PATH that was tried', () => {
  const probe = look({ tools: ['git', 'zdr-nowhere', 'zdr-neither'], shell: '/bin/sh' })
  expect(probe.path).toBeNull()
  expect(probe.tried.map(({ from }) => from)).toEqual([
    'plain',
    'login shell',
    'interactive shell',
    'well-known places',
  ])
  expect(probe.tried.map(({ missing }) => missing)).toEqual(probe.tried.map(() => ['zdr-nowhere', 'zdr-neither']))
  expect(probe.tools.map(({ name }) => name)).toEqual(['git'])
})

test("the user's own exports go before", () => {
  put('own/zdr-tool', '#!/bin/sh\necho 7')
  const probe = look({ tools: ['zdr-tool'], preamble: 'export PATH="$HOME/own:$PATH"' })
  expect(probe.path?.from).toBe('plain')
})

test('a folder that cannot be one is not writable', () => {
  writeFileSync(join(home, 'file'), '')
  symlinkSync(join(home, 'nowhere'), join(home, 'dangling'))
  expect(look({ path: '~/file/shop' }).writable).toBe(false)
  expect(look({ path: '~/dangling' }).writable).toBe(false)
  expect(look({ path: '/proc/zdr' }).writable).toBe(process.getuid?.() === 0)
  expect(look({ path: "~/a b'$(id)" }).base).toBe(join(home, "a b'$(id)"))
})

test('is not believed by halves', () => {
  expect(() => parseProbe('zdr-probe\tbegin\t\nzdr-probe\tuser\troot\n')).toThrow('did not tell all')
  expect(() => parseProbe('')).toThrow('did not tell all')
})

interface Wanted {
  readonly path?: string
  readonly tools?: readonly string[]
  readonly preamble?: string
  readonly shell?: string
  readonly path2?: string
}

function look({ path = '~', tools = ['git'], preamble = '', shell = '/bin/bash', path2 = plain }: Wanted): Probe {
  const env = { HOME: home, PATH: path2, SHELL: shell }
  const result = spawnSync('sh', ['-c', probeScript({ path, tools, preamble })], { encoding: 'utf8', env })
  expect(result.stderr).toBe('')
  return parseProbe(`a banner\n${result.stdout}`)
}

function put(name: string, text: string): void {
  mkdirSync(dirname(join(home, name)), { recursive: true })
  writeFileSync(join(home, name), text)
  chmodSync(join(home, name), 0o755)
}
