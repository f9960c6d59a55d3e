import { execFileSync, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import {
  appendFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  appendHistoryScript,
  appendMigrationScript,
  type HistoryEntry,
  type Manifest,
  type MigrationEntry,
  previousDeployed,
  writeManifestScript,
} from '../../src/hosts/history.ts'
import { inspectScript, parseInspection } from '../../src/hosts/inspection.ts'
import { type Layout, layout } from '../../src/hosts/layout.ts'
import { ensureCommitScript, fetchScript, mirrorExit, resolveScript } from '../../src/hosts/mirror.ts'
import {
  activateExit,
  activateScript,
  commandsScript,
  layOutScript,
  pruneScript,
  releaseId,
  setupScript,
} from '../../src/hosts/release.ts'
import { pathWithBashAsSh, pathWithoutBash } from './without-bash.ts'

const secret = randomUUID()

let root: string
let repo: string
let at: Layout

/** All but the link to what is shared. */
function releasesThere(): readonly string[] {
  return readdirSync(at.releases)
    .filter((name) => name !== 'shared')
    .toSorted()
}
let path = process.env.PATH

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "zdr it's ")))
  repo = join(root, 'repo.git')
  at = layout(join(root, 'shop'))
  ok(setupScript(at))
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

describe('the mirror', () => {
  let first: string
  let second: string
  let origin: string

  beforeAll(() => {
    origin = root = mkdtempSync(join(tmpdir(), 'zdr-origin-'))
    repo = join(root, 'repo.git')
    git('init', '--quiet', '--bare', '--initial-branch=main', repo)
    git('clone', '--quiet', repo, join(root, 'work'))
    first = commit('one')
    inWork('tag', '-a', 'v1.0.0', '-m', 'annotated')
    second = commit('two')
    inWork('push', '--quiet', 'origin', 'HEAD:main', 'v1.0.0')
  })

  beforeEach(() => {
    for (const name of ['repo.git', 'work']) cpSync(join(origin, name), join(root, name), { recursive: true })
    inWork('remote', 'set-url', 'origin', repo)
  })

  afterAll(() => rmSync(origin, { recursive: true, force: true }))

  test('resolves branches, tags and commits to one full SHA', () => {
    fetch()
    const refs = ['main', 'origin/main', 'refs/heads/main', 'refs/remotes/origin/main', second, second.slice(0, 7)]
    expect(refs.map((ref) => ok(resolveScript(at, ref)).trim())).toEqual(refs.map(() => second))
    expect(['v1.0.0', 'refs/tags/v1.0.0'].map((ref) => ok(resolveScript(at, ref)).trim())).toEqual([first, first])
  })

  test('follows what was pushed, forced or deleted meanwhile', () => {
    inWork('push', '--quiet', 'origin', 'HEAD:old')
    fetch()
    inWork('reset', '--quiet', '--hard', first)
    const third = commit('three')
    inWork('tag', '-f', 'v1.0.0')
    inWork('push', '--quiet', '--force', 'origin', 'HEAD:main', 'v1.0.0', ':old')
    fetch()
    expect(ok(resolveScript(at, 'main')).trim()).toBe(third)
    expect(ok(resolveScript(at, 'v1.0.0')).trim()).toBe(third)
    expect(run(resolveScript(at, 'old')).status).toBe(mirrorExit.unknown)
  })

  test('a name that is a branch and another tag is refused, and both are named', () => {
    inWork('tag', 'release', first)
    inWork('push', '--quiet', 'origin', 'HEAD:refs/heads/release', 'refs/tags/release')
    fetch()
    const { status, stderr } = run(resolveScript(at, 'release'))
    expect(status).toBe(mirrorExit.ambiguous)
    expect(stderr).toContain(first)
    expect(stderr).toContain(second)
  })

  test('an unknown name is told with the nearest ones', () => {
    inWork('push', '--quiet', 'origin', 'HEAD:feature/checkout', 'HEAD:develop')
    fetch()
    for (const [asked, nearest] of [
      ['maim', 'main'],
      ['origin/Develop', 'develop'],
      ['feature/chekout', 'feature/checkout'],
    ] as const) {
      const { status, stderr } = run(resolveScript(at, asked))
      expect(status).toBe(mirrorExit.unknown)
      expect(stderr).toMatch(new RegExp(`Nearest: ${nearest}\\b`))
    }
  })

  test('a name cannot run anything', () => {
    fetch()
    for (const name of ['$(touch hacked)', "'; touch hacked; '", '--output=hacked', '-x', 'a b', '*', 'main^{tree}']) {
      expect(run(resolveScript(at, name)).status, name).toBe(mirrorExit.unknown)
    }
    expect(existsSync(join(root, 'hacked'))).toBe(false)
  })

  test('a commit that only its SHA leads to is fetched, and laid out', () => {
    const lonely = commit('lonely')
    inWork('push', '--quiet', 'origin', 'HEAD:gone')
    git('--git-dir', repo, 'update-ref', '-d', 'refs/heads/gone')
    git('--git-dir', repo, 'config', 'uploadpack.allowAnySHA1InWant', 'true')
    for (const depth of [null, 1]) {
      rmSync(at.mirror, { recursive: true, force: true })
      ok(fetchScript(at, { repo: `file://${repo}`, depth }))
      ok(ensureCommitScript(at, lonely))
      const id = releaseId(new Date(depth ?? 0), lonely)
      ok(layOutScript(at, { id, sha: lonely }))
      rmSync(join(at.releases, id), { recursive: true })
    }
    expect(run(ensureCommitScript(at, 'f'.repeat(40))).status).toBe(mirrorExit.unknown)
  })

  test('a changed URL is followed, and a shallow mirror made whole', () => {
    ok(fetchScript(at, { repo: `file://${repo}`, depth: 1 }))
    expect(existsSync(join(at.mirror, 'shallow'))).toBe(true)
    const moved = join(root, 'moved.git')
    git('clone', '--quiet', '--mirror', repo, moved)
    rmSync(repo, { recursive: true })
    ok(fetchScript(at, { repo: `file://${moved}`, depth: null }))
    expect(existsSync(join(at.mirror, 'shallow'))).toBe(false)
    expect(ok(resolveScript(at, first)).trim()).toBe(first)
  })

  test('what a killed git left behind blocks nothing', () => {
    fetch()
    for (const lock of ['packed-refs.lock', 'config.lock', 'shallow.lock', 'refs/heads/main.lock'])
      writeFileSync(join(at.mirror, lock), '')
    const third = commit('three')
    inWork('push', '--quiet', 'origin', 'HEAD:main')
    fetch()
    expect(ok(resolveScript(at, 'main')).trim()).toBe(third)
  })

  test.each([
    ['empty', () => rmSync(at.mirror, { recursive: true }), () => mkdirSync(at.mirror)],
    ['a file', () => rmSync(at.mirror, { recursive: true }), () => writeFileSync(at.mirror, 'x')],
    [
      'without its objects',
      () => rmSync(join(at.mirror, 'objects'), { recursive: true }),
      () => mkdirSync(join(at.mirror, 'objects')),
    ],
  ])('one that is %s is replaced', (_, remove, put) => {
    fetch()
    remove()
    put()
    fetch()
    expect(ok(resolveScript(at, 'main')).trim()).toBe(second)
  })

  test('a repository that cannot be read fails, and leaves the mirror as it was', () => {
    fetch()
    expect(run(fetchScript(at, { repo: join(root, 'nowhere'), depth: null })).status).not.toBe(0)
    expect(ok(resolveScript(at, 'main')).trim()).toBe(second)
  })

  test('a release is a clone of its own: its commit, its origin, and no need of the mirror', () => {
    fetch()
    const id = releaseId(new Date(), first)
    mkdirSync(join(at.releases, `.${id}.part`, 'half'), { recursive: true })
    ok(layOutScript(at, { id, sha: first }))
    ok(writeManifestScript(at, manifest(id)))
    ok(layOutScript(at, { id, sha: first }))
    rmSync(at.mirror, { recursive: true })
    const release = join(at.releases, id)
    expect(readFileSync(join(release, 'one'), 'utf8')).toBe('one')
    expect(existsSync(join(release, 'two'))).toBe(false)
    expect(git('-C', release, 'remote', 'get-url', 'origin')).toBe(repo)
    expect(git('-C', release, 'describe', '--tags')).toBe('v1.0.0')
    expect(run(layOutScript(at, { id, sha: second })).stderr).toContain('is not')
    expect(releasesThere()).toEqual([id])
  })

  test('a release whose preparation ended half-way is laid out anew, and a prepared one is kept', () => {
    fetch()
    const id = releaseId(new Date(), second)
    const release = join(at.releases, id)
    ok(layOutScript(at, { id, sha: second }))
    writeFileSync(join(release, 'one'), 'half built')
    mkdirSync(join(release, 'node_modules'))
    ok(layOutScript(at, { id, sha: second }))
    expect(readFileSync(join(release, 'one'), 'utf8')).toBe('one')
    expect(existsSync(join(release, 'node_modules'))).toBe(false)
    ok(writeManifestScript(at, manifest(id)))
    mkdirSync(join(release, 'node_modules'))
    ok(layOutScript(at, { id, sha: second }))
    expect(existsSync(join(release, 'node_modules'))).toBe(true)
    expect(releasesThere()).toEqual([id])
    expect(existsSync(join(at.zdr, 'trash'))).toBe(false)
  })

  test('a release has its submodules, from where the repository says they are', () => {
    const part = join(root, 'part')
    git('init', '--quiet', part)
    writeFileSync(join(part, 'inside'), 'inside')
    git('-C', part, 'add', '.')
    git('-C', part, '-c', 'user.name=n', '-c', 'user.email=e', 'commit', '--quiet', '-m', 'part')
    inWork('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', '../part', 'libs/part')
    const sha = commit('with a part')
    inWork('push', '--quiet', 'origin', 'HEAD:main')
    fetch()
    const id = releaseId(new Date(), sha)
    const allowed = 'export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=protocol.file.allow GIT_CONFIG_VALUE_0=always\n'
    ok(`${allowed}${layOutScript(at, { id, sha })}`)
    expect(readFileSync(join(at.releases, id, 'libs/part/inside'), 'utf8')).toBe('inside')
    expect(git('-C', join(at.releases, id), 'submodule', 'status')).toMatch(/^[0-9a-f]{40} libs\/part/)
    rmSync(part, { recursive: true })
    const next = releaseId(new Date(0), sha)
    expect(run(`${allowed}${layOutScript(at, { id: next, sha })}`).status).not.toBe(0)
    expect(readdirSync(at.releases)).not.toContain(next)
  })

  test('a release has what it keeps in Git LFS, and is not laid out where the host cannot have it; without such a file it needs none', () => {
    writeFileSync(join(root, 'work', '.gitattributes'), '*.bin filter=lfs diff=lfs merge=lfs -text\n')
    const sha = commit('large.bin')
    inWork('push', '--quiet', 'origin', 'HEAD:main')
    fetch()
    const id = releaseId(new Date(), sha)
    const lfs = (text: string): string => {
      const folder = mkdtempSync(join(root, 'bin-'))
      writeFileSync(join(folder, 'git-lfs'), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
      return `PATH=${q(folder)}:$PATH\n`
    }
    expect(run(`${lfs('exit 1')}${layOutScript(at, { id, sha })}`)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('there is no git-lfs'),
    })
    expect(readdirSync(at.releases)).not.toContain(id)
    ok(`${lfs('case $1 in pull) echo pulled > large.bin ;; esac')}${layOutScript(at, { id, sha })}`)
    expect(readFileSync(join(at.releases, id, 'large.bin'), 'utf8')).toBe('pulled\n')
    inWork('rm', '--quiet', 'large.bin')
    const without = commit('small')
    inWork('push', '--quiet', 'origin', 'HEAD:main')
    fetch()
    ok(`${lfs('exit 1')}${layOutScript(at, { id: releaseId(new Date(), without), sha: without })}`)
  })

  test('a release that is active is never laid out anew, even where its manifest is gone', () => {
    fetch()
    const id = releaseId(new Date(), second)
    ok(layOutScript(at, { id, sha: second }))
    ok(activateScript(at, id))
    mkdirSync(join(at.current, 'node_modules'))
    ok(layOutScript(at, { id, sha: second }))
    expect(existsSync(join(at.current, 'node_modules'))).toBe(true)
  })

  function fetch(): void {
    ok(fetchScript(at, { repo, depth: null }))
  }
})

describe.each(['bash', 'bash alone', 'no bash'])("the user's commands, where there is %s", (shell) => {
  const syntaxError = 2

  beforeEach(() => {
    if (shell === 'no bash') path = pathWithoutBash(join(root, 'bin'))
    if (shell === 'bash alone') path = pathWithBashAsSh(join(root, 'bin'))
  })
  afterEach(() => {
    path = process.env.PATH
  })

  test('run under it', () => {
    const commands = [`echo "\${BASH_VERSION:+bash}"`, 'case ":$SHELLOPTS:" in *:posix:*) echo posix ;; esac']
    const said = ok(commandsScript({ directory: root, commands, env: {}, layout: at }))
    expect(said.trim()).toBe(shell === 'no bash' ? '' : 'bash')
  })

  test('are on no command line, and may be longer than one', () => {
    const long = '#'.repeat(200 * 1024)
    const commands = [`: ${secret}`, long, 'cat /proc/[0-9]*/cmdline 2>/dev/null || :']
    const { status, stdout } = fed(commandsScript({ directory: root, commands, env: { SECRET: secret }, layout: at }))
    expect(status).toBe(0)
    expect(stdout).toContain('node')
    expect(stdout).not.toContain(secret)
  })

  test('have no input, and no descriptor or variable of ours', () => {
    const commands = ['cat', 'ls /proc/self/fd', 'set | grep ^zdr_ | grep -v "^zdr_$"']
    const result = fed(commandsScript({ directory: root, commands, env: {}, layout: at }))
    expect(result.stdout.split('\n').filter((line) => line === '9' || line.startsWith('zdr'))).toEqual([])
    expect(result.stderr).toBe('')
  })

  test('run where there is no room for a file', () => {
    const commands = [`: ${'x'.repeat(100_000)}`, 'echo ran']
    const script = `ulimit -f 0\n${commandsScript({ directory: root, commands, env: {}, layout: at })}`
    expect(fed(script)).toMatchObject({ status: 0, stdout: 'ran\n', stderr: '' })
  })

  test('arrive byte by byte', () => {
    const all = Array.from({ length: 0x7ff - 0x20 }, (_, index) => String.fromCharCode(index + 0x20)).join('')
    const commands = [`printf %s ${q(all)}`]
    expect(ok(commandsScript({ directory: root, commands, env: {}, layout: at }))).toBe(all)
  })

  test('arrive as they are written, in one shell', () => {
    const written = [
      `cd sub`,
      `X='it'"'"'s' # a comment`,
      `export GREETING="$X \${HOME:+there}"`,
      `printf '%s|' "$GREETING" "$A" *; echo "$(pwd)"`,
    ]
    mkdirSync(join(root, 'sub'))
    writeFileSync(join(root, 'sub', 'a file'), '')
    const env = { A: `"$(id)" \`id\`\nnext 'line'` }
    expect(ok(commandsScript({ directory: root, commands: written, env, layout: at }))).toBe(
      `it's there|${env.A}|a file|${join(root, 'sub')}\n`,
    )
  })

  test.each([
    [['true', '(exit 7)', 'echo never'], 7, ''],
    [['echo a\nfalse\necho b', 'echo c'], 0, 'a\nb\nc\n'],
    [['set -e', 'echo a\nfalse\necho b'], 1, 'a\n'],
    [['echo "open', 'echo never'], syntaxError, ''],
    [['cat <<END\ntext\n', 'echo after'], 0, 'text\nafter\n'],
    [['echo one \\', 'echo two'], 0, 'one\ntwo\n'],
    [['exit 3', 'echo never'], 3, ''],
    [['echo "$SHARED"'], 0, '@shared\n'],
    [[], 0, ''],
  ] as const)('%j end with %i', (commands, status, stdout) => {
    const result = run(commandsScript({ directory: root, commands, env: {}, layout: at }))
    expect(result.stdout).toBe(stdout.replace('@shared', at.shared))
    expect(result.status).toBe(status)
  })

  test('are not run at all where their folder is missing', () => {
    const result = run(
      commandsScript({ directory: join(root, 'nowhere'), commands: ['echo ran'], env: {}, layout: at }),
    )
    expect(result).toMatchObject({ stdout: '' })
    expect(result.status).not.toBe(0)
  })

  test('any text is a value, whatever is in it', () => {
    const value = fc.string({ unit: 'grapheme', maxLength: 30 }).filter((text) => !text.includes('\0'))
    fc.assert(
      fc.property(value, (text) => {
        const commands = [`printf '%s' "$VALUE"`]
        expect(ok(commandsScript({ directory: root, commands, env: { VALUE: text }, layout: at }))).toBe(text)
      }),
      { numRuns: 25 },
    )
  })
})

describe('activating', () => {
  test('moves the link, and may be repeated', () => {
    for (const id of [release('a'), release('b'), 'again-b', release('a')]) {
      const wanted = id === 'again-b' ? release('b') : id
      ok(activateScript(at, wanted))
      expect(realpathSync(at.current)).toBe(join(at.releases, wanted))
    }
    expect(readdirSync(at.base)).not.toContain('.current.new')
  })

  test('a reader finds a release at every moment', () => {
    ok(activateScript(at, release('a')))
    release('b')
    const script = Array.from({ length: 10 }, () => activateScript(at, release('b')) + activateScript(at, release('a')))
      .map((text) => `(${text})\n`)
      .join('')
    const reader = `while [ ! -e ${q(join(root, 'stop'))} ]; do [ -e ${q(`${at.current}/.`)} ] || echo missing; done & ${script} touch ${q(join(root, 'stop'))}; wait`
    expect(ok(reader)).toBe('')
  })

  test('a real folder in its place is refused, and left alone', () => {
    mkdirSync(at.current)
    expect(run(activateScript(at, release('a')))).toMatchObject({ status: activateExit.currentIsFolder })
    expect(lstatSync(at.current).isDirectory()).toBe(true)
  })

  test('a release that is not there is refused', () => {
    ok(activateScript(at, release('a')))
    expect(run(activateScript(at, releaseId(new Date(), 'c'.repeat(40))))).toMatchObject({
      status: activateExit.noRelease,
    })
    expect(realpathSync(at.current)).toBe(join(at.releases, release('a')))
  })

  test('a link that leads nowhere is replaced', () => {
    symlinkSync(join(root, 'nowhere'), at.current)
    ok(activateScript(at, release('a')))
    expect(realpathSync(at.current)).toBe(join(at.releases, release('a')))
  })
})

describe('pruning', () => {
  test('keeps what it is told and what runs, and nothing else of ours', () => {
    const [a, b, c] = [release('a'), release('b'), release('c')]
    for (const id of [a, b, c]) ok(writeManifestScript(at, manifest(id)))
    ok(activateScript(at, a))
    mkdirSync(join(at.releases, `.${c}.part`))
    mkdirSync(join(at.releases, 'by-hand'))
    mkdirSync(join(at.zdr, 'trash', 'left over'), { recursive: true })
    ok(pruneScript(at, [b]))
    ok(pruneScript(at, [b]))
    expect(releasesThere()).toEqual([a, b, 'by-hand'].toSorted())
    expect(readdirSync(at.manifests).toSorted()).toEqual([`${a}.json`, `${b}.json`].toSorted())
    expect(existsSync(join(at.zdr, 'trash'))).toBe(false)
  })

  test('removes nothing where there is nothing', () => {
    ok(pruneScript(at, []))
    expect(releasesThere()).toEqual([])
  })
})

describe('the inspection', () => {
  test('of an empty host finds nothing, and fails nothing', () => {
    expect(inspect()).toMatchObject({
      current: { kind: 'none' },
      releases: [],
      manifests: [],
      history: [],
      unreadable: [],
    })
    expect(inspect().freeBytes).toBeGreaterThan(0)
    const nowhere = parseInspection(ok(inspectScript(layout(join(root, 'nowhere')))))
    expect(nowhere.current).toEqual({ kind: 'none' })
    expect(nowhere.freeBytes).toBeGreaterThan(0)
  })

  test('tells what was written, as it was written', () => {
    const id = release('a')
    const written = { ...manifest(id), env: { NASTY: `'"\t\n\\ $(id) ✓` }, reason: 'died: zdr-inspect\trelease\tfake' }
    const entries: readonly HistoryEntry[] = [entry('x', 'deploy'), entry('y', 'rollback')]
    ok(writeManifestScript(at, written))
    for (const one of [...entries, ...entries.slice(1)]) ok(appendHistoryScript(at, one))
    ok(activateScript(at, id))
    expect(inspect()).toMatchObject({
      current: { kind: 'release', id },
      releases: [id],
      manifests: [written],
      history: entries,
      unreadable: [],
    })
    expect(statSync(join(at.manifests, `${id}.json`)).mode & 0o777).toBe(0o600)
    expect(statSync(at.zdr).mode & 0o777).toBe(0o700)
  })

  test('names what a crash tore, and reads the rest', () => {
    const [a, b] = [release('a'), release('b')]
    ok(writeManifestScript(at, manifest(a)))
    writeFileSync(join(at.manifests, `${b}.json`), '{"id":"2026\nzdr-inspect\tfolder\t\n')
    ok(appendHistoryScript(at, entry('x', 'deploy')))
    appendFileSync(at.history, '{"at":"2026')
    expect(inspect()).toMatchObject({
      current: { kind: 'none' },
      history: [entry('x', 'deploy')],
      unreadable: [`releases/${b}.json`, 'history.jsonl:2'],
    })
    ok(appendHistoryScript(at, entry('y', 'deploy')))
    expect(inspect().history).toEqual([entry('x', 'deploy'), entry('y', 'deploy')])
  })

  test('tells what became of each migration, and names what a crash tore', () => {
    const started = migration('started')
    for (const one of [started, started]) ok(appendMigrationScript(at, one))
    expect(inspect()).toMatchObject({ migrations: [started], unreadable: [] })
    appendFileSync(at.migrations, '{"at":"2026')
    expect(inspect()).toMatchObject({ migrations: [started], unreadable: ['migrations.jsonl:2'] })
    ok(appendMigrationScript(at, migration('done')))
    expect(inspect()).toMatchObject({
      migrations: [started, migration('done')],
      unreadable: ['migrations.jsonl:2'],
    })
    expect(statSync(at.migrations).mode & 0o777).toBe(0o600)
  })

  test('takes no line for a migration that is none, and none of another file', () => {
    const lines = ['{}', 'null', '[]', JSON.stringify({ ...migration('done'), state: 'perhaps' })]
    writeFileSync(at.migrations, lines.map((line) => `${line}\n`).join(''))
    ok(appendHistoryScript(at, entry('x', 'deploy')))
    const { migrations, history, unreadable } = inspect()
    expect({ migrations, history }).toEqual({ migrations: [], history: [entry('x', 'deploy')] })
    expect(unreadable).toEqual([1, 2, 3, 4].map((line) => `migrations.jsonl:${line}`))
  })

  test('tells a link that leads elsewhere, or nowhere, and a real folder', () => {
    symlinkSync(root, at.current)
    expect(inspect().current).toEqual({ kind: 'other', path: root })
    rmSync(at.current)
    symlinkSync(join(at.releases, 'gone'), at.current)
    expect(inspect().current).toEqual({ kind: 'other', path: join(at.releases, 'gone') })
    rmSync(at.current)
    mkdirSync(at.current)
    expect(inspect().current).toEqual({ kind: 'folder' })
  })

  test('is not believed by halves', () => {
    release('a')
    const whole = ok(inspectScript(at))
    expect(parseInspection(`a banner\n${whole}bye\n`).releases).toHaveLength(1)
    const middle = whole.indexOf('\n') + 5
    expect(() => parseInspection(whole.slice(0, middle))).toThrow('did not tell all')
    expect(() => parseInspection(whole.slice(middle))).toThrow('did not tell all')
  })

  function inspect() {
    return parseInspection(ok(inspectScript(at)))
  }
})

describe('the release before', () => {
  test.each([
    [[], 'a', null],
    [['+a'], 'a', null],
    [['+a', '+b'], 'b', 'a'],
    [['+a', '+b', '+c', '-b'], 'b', 'a'],
    [['+a', '+b', '+c', '-b', '-a'], 'a', null],
    [['+a', '+b', '-a', '+c'], 'c', 'a'],
    [['+a', '+b'], 'never deployed', 'b'],
    [['+a', '+b'], null, 'b'],
    [['+a', '+a', '+b', '+b'], 'b', 'a'],
    [['+a', '+b', '+c'], 'b', 'a'],
  ] as const)('after %j, of %s, is %s', (steps, present, before) => {
    const history = steps.map((step) => entry(step.slice(1), step.startsWith('+') ? 'deploy' : 'rollback'))
    expect(previousDeployed(history, present)).toBe(before)
  })
})

test('ids sort by time, and name the commit', () => {
  expect(releaseId(new Date('2026-11-21T03:15:00Z'), '1a2b3c4d5e')).toBe('20261121031500-1a2b3c4')
})

function run(script: string) {
  const env = { ...process.env, PATH: path, HOME: root, GIT_CONFIG_GLOBAL: '/dev/null' }
  return spawnSync('sh', ['-c', script], { encoding: 'utf8', cwd: root, env })
}

/** As over a connection: the script is no argument itself. */
function fed(script: string) {
  const env = { ...process.env, PATH: path, HOME: root }
  return spawnSync('sh', { encoding: 'utf8', cwd: root, env, input: `eval ${q(script)}\n` })
}

function ok(script: string): string {
  const result = run(script)
  expect(result.status, result.stderr).toBe(0)
  return result.stdout
}

function git(...words: readonly string[]): string {
  return execFileSync('git', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
}

function inWork(...words: readonly string[]): string {
  return git('-C', join(root, 'work'), '-c', 'user.name=n', '-c', 'user.email=e', ...words)
}

function commit(name: string): string {
  writeFileSync(join(root, 'work', name), name)
  inWork('add', '.')
  inWork('commit', '--quiet', '-m', name)
  return inWork('rev-parse', 'HEAD')
}

/** The folder of a release, made where it is not there. */
function release(letter: string): string {
  const id = `20261121031500-${letter.repeat(7)}`
  mkdirSync(join(at.releases, id), { recursive: true })
  return id
}

function manifest(id: string): Manifest {
  const rest = {
    prepare: ['npm ci'],
    activate: ['pm2 reload x'],
    env: {},
    environment: 'production',
    manager: 'pm2',
  } as const
  return { id, sha: 'a'.repeat(40), ref: 'main', state: 'prepared', at: '2026-11-21T03:15:00Z', ...rest }
}

function entry(name: string, kind: HistoryEntry['kind']): HistoryEntry {
  return { at: '2026-11-21T03:15:00Z', release: name, sha: 'a'.repeat(40), kind, by: 'somebody' }
}

/** Its command holds what might be taken for the end of a line. */
function migration(state: MigrationEntry['state']): MigrationEntry {
  const at = '2026-11-21T03:15:00Z'
  return { at, run: 'one', sha: 'a'.repeat(40), command: `npx 'x'\n\t"y" \\`, state, by: 'somebody' }
}

function q(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`
}
