import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Checkup, type CheckupOptions, checkupScript, parseCheckup } from '../../src/hosts/checkup.ts'

let home: string
let base: string

beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), "zdr home's ")))
  base = join(home, 'shop')
  mkdirSync(base)
})

afterEach(() => rmSync(home, { recursive: true, force: true }))

test('of an empty folder there is nothing to tell', () => {
  expect(look({})).toEqual({
    clockOffSeconds: 0,
    commit: null,
    isBranch: false,
    isByPm2Deploy: false,
    isSetUp: false,
    releaseBytes: null,
    unwritable: [],
    locks: [],
    startsAtBoot: expect.toSatisfy((value) => value === null || value === false),
    saved: [],
    repositoryError: null,
    maySudo: null,
    ports: expect.any(Array),
  })
})

test('tells what pm2 deploy left: the work tree, its commit, its branches', () => {
  const commit = repository(join(base, 'source'))
  git(join(base, 'source'), 'update-ref', 'refs/remotes/origin/next', 'HEAD')
  symlinkSync(join(base, 'source'), join(base, 'current'))
  const seen = look({ ref: 'next' })
  expect(seen).toMatchObject({ isByPm2Deploy: true, isSetUp: false, isBranch: true, commit })
  expect(seen.releaseBytes).toBeGreaterThan(0)
  expect(look({ ref: 'origin/other' }).isBranch).toBe(false)
})

test('tells a release of ours, locks of others, and what pm2 saved', () => {
  for (const folder of ['.zdr', 'releases/one', 'shared']) mkdirSync(join(base, folder), { recursive: true })
  symlinkSync(join(base, 'releases/one'), join(base, 'current'))
  put('shop/shared/deploy.lock', '')
  utimesSync(join(base, 'shared/deploy.lock'), 0, Date.now() / 1000 - 7200)
  put('.kamal/lock-shop/details', '')
  put('.pm2/dump.pm2', JSON.stringify([{ name: 'shop', env: { SECRET: 'no' } }, { name: 'the worker' }], null, 2))
  const seen = look({})
  expect(seen).toMatchObject({ isSetUp: true, isByPm2Deploy: false, saved: ['shop', 'the worker'] })
  expect(seen.locks.map(({ file }) => file)).toEqual([join(base, 'shared/deploy.lock'), join(home, '.kamal/lock-shop')])
  expect(seen.locks[0]?.ageSeconds).toBeGreaterThanOrEqual(7200)
})

describe('the repository', () => {
  test('that can be read is not spoken of', () => {
    repository(join(home, 'origin'))
    expect(look({ repo: join(home, 'origin') }).repositoryError).toBeNull()
  })

  test('that is not there is told in the words of git', () => {
    expect(look({ repo: join(home, 'nowhere') }).repositoryError).toMatch(/^fatal: .*nowhere/)
  })

  test.each([
    ['Host key verification failed.', '', 'Host key verification failed.'],
    ['Host key verification failed.', 'stricthostkeychecking accept-new', null],
    [
      'git@git: Permission denied (publickey).',
      'stricthostkeychecking accept-new',
      'git@git: Permission denied (publickey).',
    ],
  ])('%s, where ssh has %j', (said, settings, told) => {
    put('bin/ssh', `#!/bin/sh\ncase $1 in -G) echo '${settings}' ;; *) echo '${said}' >&2; exit 255 ;; esac`)
    expect(look({ repo: 'git@git:shop.git' }).repositoryError).toBe(told)
  })

  test('is asked without writing a key down', () => {
    put('bin/ssh', `#!/bin/sh\necho "$*" >> "$HOME/asked"; exit 255`)
    look({ repo: 'git@git:shop.git' })
    const asked = execFileSync('cat', [join(home, 'asked')], { encoding: 'utf8' })
    expect(asked).toContain('-oUpdateHostKeys=no -oStrictHostKeyChecking=yes')
    expect(asked).toContain('-oBatchMode=yes')
  })

  test('a password in its address is not repeated', () => {
    put('bin/git', '#!/bin/sh\necho "fatal: https://ada:s3cret@git/shop.git not found" >&2; exit 1')
    expect(look({ repo: 'https://ada:s3cret@git/shop.git' }).repositoryError).toBe(
      'fatal: https://git/shop.git not found',
    )
  })
})

test.each([
  ['exit 0', true],
  ['exit 1', false],
])('sudo that ends with %j, where a command needs it', (end, maySudo) => {
  put('bin/sudo', `#!/bin/sh\n${end}`)
  expect(look({ callsSudo: true }).maySudo).toBe(maySudo)
})

test('ports are those of Node, and of pm2 for the workers of a cluster', () => {
  put(
    'bin/ss',
    `#!/bin/sh\ncat <<'END'
LISTEN 0 511 *:4000 *:* users:(("PM2 v7.0.4: God",pid=9,fd=23))
LISTEN 0 511 [::]:4000 *:* users:(("node",pid=10,fd=23))
LISTEN 0 511 127.0.0.1:5432 *:* users:(("postgres",pid=11,fd=5))
END`,
  )
  expect(look({}).ports).toEqual([4000])
})

test('changes nothing', () => {
  repository(join(base, 'source'))
  symlinkSync(join(base, 'source'), join(base, 'current'))
  const list = () => execFileSync('find', [home, '-printf', '%p %T@ %C@\n'], { encoding: 'utf8' })
  const before = list()
  look({ repo: join(base, 'source') })
  expect(list()).toBe(before)
})

test.each([
  [100, 0],
  [104, 0],
  [99, -1],
  [200, 95],
])('a clock that says %i while we asked from 100.9 to 105 is %i s off', (says, off) => {
  const said = `zdr-checkup\tepoch\t${says}\nzdr-checkup\tend\t\n`
  expect(parseCheckup(said, { askedMs: 100_900, heardMs: 105_000 }).clockOffSeconds).toBe(off)
})

test('is not believed by halves', () => {
  expect(() => parseCheckup('zdr-checkup\tepoch\t1\n', { askedMs: 0, heardMs: 0 })).toThrow('did not tell all')
})

function look(options: Partial<CheckupOptions>): Checkup {
  const script = checkupScript({ base, repo: '', ref: 'origin/main', callsSudo: false, ...options })
  const env = { HOME: home, PATH: `${join(home, 'bin')}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin` }
  const askedMs = Date.now()
  const { stdout, stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8', env })
  expect(stderr).toBe('')
  return parseCheckup(`a banner\n${stdout}`, { askedMs, heardMs: Date.now() })
}

function repository(folder: string): string {
  execFileSync('git', ['init', '--quiet', folder])
  git(folder, '-c', 'user.name=a', '-c', 'user.email=a@example.com', 'commit', '--quiet', '--allow-empty', '-m', 'one')
  return git(folder, 'rev-parse', 'HEAD')
}

function git(folder: string, ...words: readonly string[]): string {
  return execFileSync('git', ['-C', folder, ...words], { encoding: 'utf8' }).trim()
}

function put(name: string, text: string): void {
  mkdirSync(dirname(join(home, name)), { recursive: true })
  writeFileSync(join(home, name), text)
  chmodSync(join(home, name), 0o755)
}
