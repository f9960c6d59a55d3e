/** Real work trees, a real shell. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { appendHistoryScript } from '../../src/hosts/history.ts'
import { inspectScript, parseInspection } from '../../src/hosts/inspection.ts'
import { type Layout, layout } from '../../src/hosts/layout.ts'
import { activateScript, pruneScript, setupScript } from '../../src/hosts/release.ts'
import { sharedFoldersScript } from '../../src/hosts/sharing.ts'
import { isNamed, lookAtSourceScript, parseSource, type Source } from '../../src/hosts/source.ts'
import { handBackScript, takeOverScript } from '../../src/hosts/taking-over.ts'

let root: string
let at: Layout
let sha: string

/** As `pm2 deploy` leaves a host. */
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "zdr it's ")))
  at = layout(join(root, 'shop'))
  for (const folder of ['shared/logs', 'shared/pids', 'source']) mkdirSync(join(at.base, folder), { recursive: true })
  git('init', '--quiet')
  put('.gitignore', '.env\n/uploads/*\n!.gitkeep\nnode_modules\n/dist\n*.sqlite\n/config/*.key\n')
  put('server.js', 'one')
  put('uploads/.gitkeep', '')
  put('config/app.yml', 'a: 1')
  put('api/index.js', 'one')
  git('add', '--force', '.')
  execFileSync('git', ['-C', at.source, '-c', 'user.name=n', '-c', 'user.email=e', 'commit', '--quiet', '-m', 'one'], {
    env: { ...process.env, GIT_COMMITTER_DATE: '2026-11-21T03:15:00Z' },
  })
  sha = git('rev-parse', 'HEAD')
  symlinkSync(at.source, at.current)
  writeFileSync(at.deploys, `${'a'.repeat(40)}\n${sha}\n`)
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

function git(...words: readonly string[]): string {
  return execFileSync('git', ['-C', at.source, ...words], { encoding: 'utf8' }).trim()
}

function put(path: string, text: string, folder = at.source): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}

function run(script: string) {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

function ok(script: string): string {
  const result = run(script)
  expect(result).toMatchObject({ status: 0 })
  return result.stdout
}

function look(shared: readonly string[] = [], ignore: readonly string[] = []): Source {
  const found = parseSource(ok(lookAtSourceScript(at, { shared, ignore })))
  if (found === null) throw new Error('nothing was found')
  return found
}

const pathsOf = ({ untracked }: Source): readonly string[] => untracked.map(({ path }) => path).toSorted()

/** All that stands below the path: what it is, its mode and its content. */
function everything(): Record<string, string> {
  const files: [string, string][] = []
  const walk = (folder: string): void => {
    for (const name of readdirSync(join(at.base, folder))) {
      const path = join(folder, name)
      const stat = lstatSync(join(at.base, path))
      if (stat.isSymbolicLink()) files.push([path, `-> ${readlinkSync(join(at.base, path))}`])
      else if (stat.isDirectory()) {
        files.push([`${path}/`, ''])
        if (path !== 'source/.git') walk(path)
      } else files.push([path, `${stat.mode.toString(8)} ${readFileSync(join(at.base, path), 'utf8')}`])
    }
  }
  walk('')
  return Object.fromEntries(files)
}

function takeOver(shared: readonly string[]) {
  ok(`${setupScript(at)}${sharedFoldersScript(at, shared)}`)
  return run(takeOverScript(at, { id: look().id, shared }))
}

function handBack(): string {
  return ok(handBackScript(at))
}

describe('what pm2 deploy left', () => {
  test('is a commit, and the same release on each host of that commit', () => {
    expect(look()).toMatchObject({ sha, id: `20261121031500-${sha.slice(0, 7)}`, untracked: [], changed: [] })
  })

  test('is told with all that git does not have, folders as one, without what an install makes', () => {
    for (const path of [
      '.env',
      'uploads/a.png',
      'uploads/b.png',
      'dist/a/b.js',
      'notes to self.txt',
      'node_modules/a/b.js',
    ])
      put(path, 'x')
    put('api/node_modules/x.js', 'x')
    put('server.js', 'changed in place')
    const before = everything()
    const found = look()
    expect(pathsOf(found)).toEqual(['.env', 'dist/', 'notes to self.txt', 'uploads/a.png', 'uploads/b.png'])
    expect(found.untracked.every(({ kib }) => kib !== null && kib > 0)).toBe(true)
    expect(found.changed).toEqual(['server.js'])
    expect(everything()).toEqual(before)
  })

  test('is told file by file where something within a folder was named', () => {
    put('secrets/one.key', 'x')
    put('secrets/two.key', 'x')
    expect(pathsOf(look())).toEqual(['secrets/'])
    expect(pathsOf(look(['secrets/one.key']))).toEqual(['secrets/one.key', 'secrets/two.key'])
  })

  test('is nothing where `current` leads elsewhere, or nowhere', () => {
    rmSync(at.current)
    expect(parseSource(ok(lookAtSourceScript(at, { shared: [], ignore: [] })))).toBeNull()
    mkdirSync(join(root, 'elsewhere'))
    symlinkSync(join(root, 'elsewhere'), at.current)
    expect(parseSource(ok(lookAtSourceScript(at, { shared: [], ignore: [] })))).toBeNull()
  })

  test('is no half answer', () => {
    expect(() => parseSource('zdr-source\tbegin\t\n')).toThrow(/did not tell all/)
  })
})

describe('a path of `shared`', () => {
  test.each([
    ['.env', () => put('.env', 'B=2', at.shared), /\.env differ: remove the one that is not meant/],
    ['uploads/', () => put('uploads/old.png', 'x', at.shared), /both have something in them/],
    ['config/', () => put('config/a.key', 'x'), /the repository has config\/app\.yml/],
    ['uploads', () => put('uploads/a.png', 'x'), /write `uploads\/`/],
    ['.env/', () => undefined, /write `\.env`/],
  ])('%s that cannot be brought there is told before anything is changed, and refused', (path, prepare, why) => {
    put('.env', 'A=1')
    prepare()
    expect(look([path]).hindrances).toEqual([expect.stringMatching(why)])
    ok(setupScript(at))
    const before = everything()
    expect(run(takeOverScript(at, { id: look().id, shared: [path] }))).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(why),
    })
    expect(everything()).toEqual(before)
  })

  test('that is not there, or leads to `shared` already, is left alone', () => {
    put('.env', 'A=1', at.shared)
    symlinkSync('../shared/.env', join(at.source, '.env'))
    expect(look(['.env', 'tmp/']).hindrances).toEqual([])
    expect(takeOver(['.env', 'tmp/'])).toMatchObject({ status: 0, stderr: '' })
    expect(readlinkSync(join(at.source, '.env'))).toBe('../shared/.env')
  })
})

describe('taken over', () => {
  test('what is shared is the same file as before, for whoever has it open too', () => {
    put('.env', 'A=1')
    chmodSync(join(at.source, '.env'), 0o600)
    put('uploads/a.png', 'png')
    put('db.sqlite', 'rows')
    const inodes = ['.env', 'uploads', 'db.sqlite'].map((path) => statSync(join(at.source, path)).ino)
    for (const _ of ['once', 'again'])
      expect(takeOver(['.env', 'uploads/', 'db.sqlite'])).toMatchObject({ status: 0, stderr: '' })
    const paths = ['.env', 'uploads', 'db.sqlite']
    expect(paths.map((path) => lstatSync(join(at.shared, path)).ino)).toEqual(inodes)
    for (const path of paths) expect(readlinkSync(join(at.source, path))).toBe(join(at.shared, path))
    expect(statSync(join(at.shared, '.env')).mode & 0o777).toBe(0o600)
  })

  test('`source` is the release that is activated; `../shared` leads where it did', () => {
    takeOver([])
    const { id } = look()
    expect(parseInspection(ok(inspectScript(at)))).toMatchObject({ current: { kind: 'release', id }, releases: [id] })
    expect(realpathSync(join(at.releases, id))).toBe(at.source)
    expect(realpathSync(join(at.releases, 'shared'))).toBe(at.shared)
    ok(activateScript(at, id))
    expect(readlinkSync(at.current)).toBe(at.source)
  })

  test('it can be left, and come back to; pruning another release never touches it', () => {
    takeOver([])
    const { id } = look()
    const other = '20261121041500-bbbbbbb'
    mkdirSync(join(at.releases, other))
    ok(activateScript(at, other))
    expect(parseInspection(ok(inspectScript(at))).current).toEqual({ kind: 'release', id: other })
    ok(activateScript(at, id))
    expect(parseInspection(ok(inspectScript(at))).current).toEqual({ kind: 'release', id })
    ok(pruneScript(at, []))
    expect(readdirSync(at.releases).toSorted()).toEqual([id, 'shared'])
    ok(activateScript(at, id))
    expect(readFileSync(join(at.source, 'server.js'), 'utf8')).toBe('one')
  })

  test('where pm2 deploy was used since, there is one release of it, of what it is by now', () => {
    takeOver([])
    const { id: before } = look()
    writeFileSync(join(at.manifests, `${before}.json`), '{}')
    put('server.js', 'two')
    git('-c', 'user.name=n', '-c', 'user.email=e', 'commit', '--quiet', '-am', 'two')
    takeOver([])
    expect(parseInspection(ok(inspectScript(at)))).toMatchObject({
      releases: [look().id],
      manifests: [],
      unreadable: [],
    })
    expect(look().id).not.toBe(before)
  })

  test('`.deploys` gets each release that was verified, once', () => {
    takeOver([])
    const entry = {
      at: '2026-11-21T04:15:00Z',
      release: '20261121041500-bbbbbbb',
      kind: 'deploy',
      by: 'ada@laptop',
    } as const
    const next = 'b'.repeat(40)
    for (const _ of ['once', 'again']) ok(appendHistoryScript(at, { ...entry, sha: next }))
    expect(readFileSync(at.deploys, 'utf8')).toBe(`${'a'.repeat(40)}\n${sha}\n${next}\n`)
    rmSync(at.deploys)
    ok(appendHistoryScript(at, { ...entry, sha }))
    expect(existsSync(at.deploys)).toBe(false)
  })
})

describe('handed back', () => {
  test('all is as it was', () => {
    put('.env', 'A=1')
    put('config/a.key', 'key')
    put('uploads/a.png', 'png')
    put('storage/deep/one.txt', 'x')
    put('same.sqlite', 'rows')
    put('same.sqlite', 'rows', at.shared)
    put('elsewhere.txt', 'x', root)
    symlinkSync(join(root, 'elsewhere.txt'), join(at.source, 'linked.sqlite'))
    const before = everything()
    const shared = ['.env', 'config/a.key', 'uploads/', 'storage/deep/', 'same.sqlite', 'linked.sqlite']
    expect(takeOver(shared)).toMatchObject({ status: 0, stderr: '' })
    mkdirSync(join(at.releases, '20261121041500-bbbbbbb'))
    expect(handBack()).toBe('')
    expect(handBack()).toBe('')
    rmSync(at.zdr, { recursive: true })
    expect(everything()).toEqual(before)
  })

  test('what was written meanwhile comes along, and nothing that is theirs is lost', () => {
    put('.env', 'A=1')
    put('uploads/a.png', 'png')
    put('db.sqlite', 'rows')
    takeOver(['.env', 'uploads/', 'db.sqlite'])
    put('uploads/b.png', 'new', at.shared)
    rmSync(join(at.shared, '.env'))
    put('.env', 'A=2', at.shared)
    rmSync(join(at.source, 'db.sqlite'))
    put('db.sqlite', 'their own')
    put('mine.txt', 'x', at.releases)
    const said = handBack()
    expect(readFileSync(join(at.source, 'uploads/b.png'), 'utf8')).toBe('new')
    expect(readFileSync(join(at.source, '.env'), 'utf8')).toBe('A=2')
    expect(readFileSync(join(at.source, 'db.sqlite'), 'utf8')).toBe('their own')
    expect(readFileSync(join(at.shared, 'db.sqlite'), 'utf8')).toBe('rows')
    expect(said.split('\n')).toEqual([
      expect.stringMatching(/db\.sqlite is another one by now/),
      expect.stringMatching(/releases holds what is not ours/),
      '',
    ])
  })

  test('is refused where nothing was taken over', () => {
    ok(setupScript(at))
    expect(run(handBackScript(at))).toMatchObject({ status: 1, stderr: 'nothing was taken over here\n' })
  })
})

test('cut off half-way, both are gone on with', () => {
  put('.env', 'A=1')
  put('uploads/a.png', 'png')
  const before = everything()
  takeOver([])
  writeFileSync(at.taken, 'moved\t.env\nmoved\tuploads\n')
  linkSync(join(at.source, '.env'), join(at.shared, '.env'))
  execFileSync('mv', [join(at.source, 'uploads'), join(at.shared, 'uploads')])
  expect(takeOver(['.env', 'uploads/'])).toMatchObject({ status: 0, stderr: '' })
  expect(readFileSync(join(at.source, 'uploads/a.png'), 'utf8')).toBe('png')
  rmSync(join(at.source, 'uploads'))
  expect(handBack()).toBe('')
  rmSync(at.zdr, { recursive: true })
  expect(everything()).toEqual(before)
})

test.each([
  ['uploads/a.png', ['uploads/'], true],
  ['dist/', ['dist'], true],
  ['.env.local', ['.env'], false],
  ['config/', ['config/master.key'], false],
])('%s is named by %j: %s', (path, named, expected) => {
  expect(isNamed(path, named)).toBe(expected)
})
