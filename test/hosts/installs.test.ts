/** Real shells and git; the package manager is a script that makes what npm would, and counts how often it ran. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Installs } from '../../src/hosts/installs.ts'
import { type Layout, layout } from '../../src/hosts/layout.ts'
import { commandsScript, setupScript } from '../../src/hosts/release.ts'

const [one, two, three] = ['20261121031500-aaaaaaa', '20261121031600-bbbbbbb', '20261121031700-ccccccc'] as const
const spared: Installs = { what: 'spared', byLockfile: false }
const files = {
  'package.json': '{"name":"shop","dependencies":{"a":"1"}}',
  'package-lock.json': '{"lockfileVersion":3}',
  'packages/api/package.json': '{"name":"api"}',
}
/** Of npm, what matters here: it makes folders anew, with links, modes, and a file that names where it stands. */
const npm = `#!/bin/sh
echo "npm $*" >> "$INSTALLS"
for folder in . packages/api; do
  [ -d "$folder" ] || continue
  rm -rf "$folder/node_modules"
  mkdir -p "$folder/node_modules/.bin" "$folder/node_modules/a/sub dir" "$folder/node_modules/b"
  echo '{"name":"a"}' > "$folder/node_modules/a/package.json"
  echo '{"name":"b"}' > "$folder/node_modules/b/package.json"
  echo "exec $PWD/$folder/node_modules/a/cli.js" > "$folder/node_modules/a/cli.js"
  chmod 0751 "$folder/node_modules/a/cli.js"
  ln "$folder/node_modules/a/cli.js" "$folder/node_modules/a/sub dir/same.js"
  printf 'a\\0b' > "$folder/node_modules/a/sub dir/binary"
  ln -s ../a/cli.js "$folder/node_modules/.bin/a"
done
`

/** Puts a copy of the repository's own package beside them. */
const copying = (name: string): string => `#!/bin/sh
echo "${name} $*" >> "$INSTALLS"
rm -rf node_modules && mkdir -p node_modules && cp -R lib node_modules/lib && echo '{}' > node_modules/lib/package.json
`

let root: string
let at: Layout

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "zdr it's ")))
  at = layout(join(root, 'shop'))
  expect(spawnSync('sh', ['-c', setupScript(at)]).status).toBe(0)
  tool('npm', npm)
  // The real one takes longer than all else here.
  tool('node', '#!/bin/sh\necho v20\n')
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

function tool(name: string, text: string): void {
  write(join(root, 'bin', name), text)
  chmodSync(join(root, 'bin', name), 0o755)
}

const inRelease = (id: string, path = ''): string => join(at.releases, id, path)

function release(id: string, change: Readonly<Record<string, string>> = {}): void {
  for (const [name, text] of Object.entries({ ...files, 'server.js': id, ...change })) write(inRelease(id, name), text)
  const git = `git init --quiet --template= && git add --force . && git -c user.name=n -c user.email=e commit --quiet -m ${id}`
  expect(spawnSync('sh', ['-c', git], { cwd: inRelease(id) }).status).toBe(0)
}

function prepare(
  id: string,
  commands: readonly string[] = ['npm ci'],
  installs = spared,
  env: Readonly<Record<string, string>> = {},
) {
  const surroundings = {
    PATH: `${join(root, 'bin')}:${process.env.PATH}`,
    INSTALLS: join(root, 'installs'),
    HOME: root,
  }
  const script = commandsScript({ directory: inRelease(id), commands, env, installs, layout: at })
  return spawnSync('sh', ['-c', script], {
    encoding: 'utf8',
    cwd: root,
    env: { ...surroundings, GIT_CONFIG_GLOBAL: '/dev/null' },
  })
}

/** As a deploy notes it. */
function verified(id: string, state = 'verified'): void {
  write(join(at.manifests, `${id}.json`), JSON.stringify({ id, state }))
}

interface How {
  readonly commands?: readonly string[]
  readonly installs?: Installs
  readonly env?: Readonly<Record<string, string>>
}

/** The first release, prepared and verified; then how often npm ran for the second one. */
function runsOfSecond(change: Readonly<Record<string, string>> = {}, how: How = {}): number {
  release(one)
  expect(prepare(one).stderr).toBe('')
  verified(one)
  return runsOf(two, change, how)
}

function runsOf(id: string, change: Readonly<Record<string, string>>, { commands, installs, env }: How): number {
  if (!existsSync(inRelease(id))) release(id, change)
  const before = installed().length
  expect(prepare(id, commands, installs, env)).toMatchObject({ status: 0, stderr: '' })
  return installed().length - before
}

function installed(): readonly string[] {
  return existsSync(join(root, 'installs')) ? readFileSync(join(root, 'installs'), 'utf8').trim().split('\n') : []
}

interface Entry {
  readonly path: string
  readonly kind: string
  readonly mode: number
  readonly content: string
}

function tree(folder: string, below = ''): readonly Entry[] {
  return readdirSync(join(folder, below)).flatMap((name) => {
    const path = join(below, name)
    const stat = lstatSync(join(folder, path))
    const kind = stat.isSymbolicLink() ? 'link' : stat.isDirectory() ? 'folder' : 'file'
    const content =
      kind === 'link'
        ? readlinkSync(join(folder, path))
        : kind === 'file'
          ? readFileSync(join(folder, path), 'latin1')
          : ''
    return [{ path, kind, mode: stat.mode, content }, ...(kind === 'folder' ? tree(folder, path) : [])]
  })
}

function inodes(folder: string): readonly number[] {
  return tree(folder).map(({ path }) => lstatSync(join(folder, path)).ino)
}

describe('an install that a verified release has', () => {
  test('is copied in full, for every package of the repository, and shares no file with it', () => {
    expect(runsOfSecond()).toBe(0)
    for (const folder of ['node_modules', 'packages/api/node_modules']) {
      const [old, copy] = [inRelease(one, folder), inRelease(two, folder)]
      const moved = tree(old).map((entry) => ({ ...entry, content: entry.content.replaceAll(one, two) }))
      expect(tree(copy)).toEqual(moved)
      expect(inodes(copy).filter((inode) => inodes(old).includes(inode))).toEqual([])
    }
    expect(spawnSync('grep', ['-rl', one, inRelease(two, 'node_modules')]).status).toBe(1)
    writeFileSync(inRelease(one, 'node_modules/a/package.json'), 'changed')
    expect(readFileSync(inRelease(two, 'node_modules/a/package.json'), 'utf8')).toBe('{"name":"a"}\n')
  })

  test('goes on from copy to copy, when the first is long gone', () => {
    runsOfSecond()
    verified(two)
    rmSync(inRelease(one), { recursive: true })
    expect(runsOf(three, {}, {})).toBe(0)
    expect(readFileSync(inRelease(three, 'node_modules/a/cli.js'), 'utf8')).toContain(three)
  })

  test('says so, and the commands behind it are run', () => {
    const commands = ['export A=1', 'npm ci', 'echo "built with $A"']
    release(one)
    prepare(one, commands)
    verified(one)
    release(two)
    const { stdout } = prepare(two, commands)
    expect(stdout).toBe(`\`npm ci\` is spared: node_modules are copied from ${one}, which has the same\nbuilt with 1\n`)
  })

  test('is done again where anything that it goes by is another', () => {
    const changes: readonly Readonly<Record<string, string>>[] = [
      { 'package-lock.json': '{"lockfileVersion":2}' },
      { 'package.json': '{"name":"shop","dependencies":{"a":"2"}}' },
      { 'packages/api/package.json': '{"name":"api","version":"2"}' },
      { 'packages/web/package.json': '{}' },
      { '.npmrc': 'omit=dev' },
      { 'patches/a.diff': 'x' },
      { 'fixes/a.patch': 'x' },
      { 'prisma/schema.prisma': 'model A {}' },
    ]
    expect(runsOfSecond()).toBe(0)
    for (const [index, change] of changes.entries())
      expect(runsOf(`2026112103180${index}-ccccccc`, change, {}), JSON.stringify(change)).toBe(1)
  })

  test('is spared whatever else changed', () => {
    expect(runsOfSecond({ 'server.js': 'other', 'src/new.js': '' })).toBe(0)
  })

  test('is done again with another command, folder, setting, tool or Node', () => {
    expect(runsOfSecond({}, { commands: ['npm ci --omit=dev'] })).toBe(1)
    expect(runsOf(two, {}, { commands: ['cd packages/api', 'npm ci'] })).toBe(1)
    expect(runsOf(two, {}, { env: { NODE_ENV: 'production' } })).toBe(1)
    expect(runsOf(two, {}, { env: { npm_config_omit: 'dev' } })).toBe(1)
    expect(runsOf(two, {}, { env: { SHARP_IGNORE_GLOBAL_LIBVIPS: '1' } })).toBe(1)
    expect(runsOf(two, {}, { commands: ['export PUPPETEER_SKIP_DOWNLOAD=1', 'npm ci'] })).toBe(1)
    tool('node', '#!/bin/sh\necho v99\n')
    expect(runsOf(two, {}, {})).toBe(1)
    tool('node', '#!/bin/sh\necho v20\n')
    write(join(root, '.yarnrc.yml'), 'nodeLinker: pnp\n')
    expect(runsOf(two, {}, {})).toBe(1)
    rmSync(join(root, '.yarnrc.yml'))
    expect(runsOf(two, {}, {})).toBe(0)
    rmSync(inRelease(two), { recursive: true })
    tool('npm', `${npm}# A newer one.\n`)
    expect(runsOf(two, {}, {})).toBe(1)
  })

  test('is spared with the same variables, also where they lead into its release', () => {
    const commands = ['export OUT="$PWD/out"', 'NPM_TOKEN=swordfish npm ci']
    const env = { SECRET: `it's "$(id)" \\ swordfish` }
    release(one)
    prepare(one, commands, spared, env)
    verified(one)
    expect(runsOf(two, {}, { commands, env })).toBe(0)
  })

  const runsAgain = (name: string, made: readonly string[]): number => {
    const commands = [`${name} install`]
    const repository = { 'yarn.lock': '__metadata:', 'pnpm-lock.yaml': '', '.gitignore': '.yarn/*\nnode_modules\n' }
    const making = made.map((file) => `mkdir -p "${dirname(file)}" && echo '{}' > "${file}"\n`)
    tool(name, `#!/bin/sh\necho "${name} $*" >> "$INSTALLS"\n${making.join('')}`)
    release(one, repository)
    prepare(one, commands)
    verified(one)
    const runs = runsOf(two, repository, { commands })
    expect(existsSync(inRelease(two, made.at(-1)))).toBe(true)
    return runs
  }

  // As pnpm 10.34 and yarn 4.18 were seen to leave them. Without the rest, node or `yarn run` refuses.
  test.each<[string, string, readonly string[]]>([
    ["pnpm's Plug'n'Play", 'pnpm', ['.pnp.cjs', 'node_modules/.pnpm/a/node_modules/a/package.json']],
    ["yarn's, which unplugs what has scripts", 'yarn', ['.pnp.cjs', '.yarn/unplugged/a/node_modules/a/package.json']],
    ["yarn's linker pnpm", 'yarn', ['.yarn/install-state.gz', 'node_modules/.store/a/package/package.json']],
    ['a client that a script generates', 'npm', ['src/generated/client.js', 'node_modules/a/package.json']],
  ])('is done again where it made something besides node_modules: %s', (_, name, made) => {
    expect(runsAgain(name, made)).toBe(1)
  })

  test('is spared where yarn only has its notes and its cache besides node_modules', () => {
    const notes = ['.yarn/install-state.gz', '.yarn/cache/a.zip', 'node_modules/.yarn-state.yml']
    expect(runsAgain('yarn', [...notes, 'node_modules/a/package.json'])).toBe(0)
  })

  test('is done again where it is to be fresh, and can be copied from there on', () => {
    expect(runsOfSecond({}, { installs: { ...spared, what: 'run' } })).toBe(1)
    rmSync(inRelease(one), { recursive: true })
    verified(two)
    expect(runsOf(three, {}, {})).toBe(0)
  })

  test('is done again where scripts of the repository may read anything in it, but for the same commit', () => {
    const scripts = { 'package.json': '{"scripts":{"postinstall" : "node x"}}' }
    release(one, scripts)
    prepare(one)
    verified(one)
    expect(runsOf(two, { ...scripts, 'server.js': one }, {})).toBe(0)
    expect(runsOf(three, scripts, {})).toBe(1)
  })

  test.each<[string, string, string]>([
    ['yarn 1 copies', 'yarn.lock', '"lib@file:./lib":\n  version "1.0.0"\n'],
    ['yarn 1 copies without saying file:', 'yarn.lock', '"lib@./lib":\n  version "1.0.0"\n'],
    ['pnpm injects', 'pnpm-lock.yaml', 'dependenciesMeta:\n      lib:\n        injected: true\n'],
    ['yarn 4 makes by a script', 'yarn.lock', '__metadata:\n"lib@exec:./make.js#./make.js::locator=shop":\n'],
  ])('is done again where a package of the repository changed that %s', (_, lockfile, text) => {
    for (const name of ['yarn', 'pnpm']) tool(name, copying(name))
    const commands = [lockfile === 'yarn.lock' ? 'yarn' : 'pnpm install']
    const repository = { [lockfile]: text, 'lib/index.js': 'old' }
    release(one, repository)
    prepare(one, commands)
    verified(one)
    expect(runsOf(two, { ...repository, 'lib/index.js': 'new' }, { commands })).toBe(1)
    expect(readFileSync(inRelease(two, 'node_modules/lib/index.js'), 'utf8')).toBe('new')
  })

  test('is done again where git has no lockfile for it: what it found then may be another thing by now', () => {
    const lockfiles = { 'package-lock.json': '', 'yarn.lock': '' }
    release(one, lockfiles)
    release(two, lockfiles)
    for (const id of [one, two])
      spawnSync('git', ['-C', inRelease(id), 'rm', '--quiet', '--cached', 'package-lock.json'])
    prepare(one, ['npm install'])
    verified(one)
    expect(runsOf(two, {}, { commands: ['npm install'] })).toBe(1)
  })

  test('is spared by the lockfile of its own folder', () => {
    const lockfiles = { 'packages/api/package-lock.json': '{}' }
    release(one, lockfiles)
    release(two, lockfiles)
    for (const id of [one, two])
      spawnSync('git', ['-C', inRelease(id), 'rm', '--quiet', '--cached', 'package-lock.json'])
    prepare(one, ['cd packages/api', 'npm ci'])
    verified(one)
    expect(runsOf(two, {}, { commands: ['cd packages/api', 'npm ci'] })).toBe(0)
  })

  test('is spared where a package of the repository changed that is linked to', () => {
    const manifest = '{"dependencies":{"lib":"link:./lib"},"scripts":{"profile:cpu":"x"},"jest":{"^@/(.*)$":"./src"}}'
    release(one, { 'package.json': manifest, 'lib/index.js': 'old' })
    prepare(one)
    verified(one)
    expect(runsOf(two, { 'package.json': manifest, 'lib/index.js': 'new' }, {})).toBe(0)
  })

  test.each<[string, () => void]>([
    ['was not verified', () => verified(one, 'failed')],
    ['removed packages again', () => rmSync(inRelease(one, 'node_modules/b'), { recursive: true })],
    ['had a file changed by hand', () => writeFileSync(inRelease(one, 'node_modules/a/sub dir/binary'), 'a\0c')],
    ['had a link changed by hand', () => link('../b/cli.js', inRelease(one, 'node_modules/.bin/a'))],
    ['cannot be copied', () => tool('cp', '#!/bin/sh\nmkdir -p node_modules/half\nexit 1\n')],
    ['is not copied in full', () => tool('cp', '#!/bin/sh\nexec mkdir -p node_modules\n')],
  ])('is done again where that release %s', (_, spoil) => {
    release(one)
    prepare(one)
    verified(one)
    release(two)
    spoil()
    expect(runsOf(two, {}, {})).toBe(1)
    expect(existsSync(inRelease(two, 'node_modules/half'))).toBe(false)
    expect(readFileSync(inRelease(two, 'node_modules/b/package.json'), 'utf8')).toContain('b')
  })

  test('is spared with what the build put there, and whatever is in a cache', () => {
    const commands = ['npm ci', 'echo generated > node_modules/a/client.js']
    release(one)
    prepare(one, commands)
    verified(one)
    write(inRelease(one, 'node_modules/.cache/x'), '')
    // pnpm 12 writes it anew at a `pnpm start`, where the release was copied.
    write(inRelease(one, 'node_modules/.pnpm-workspace-state-v1.json'), '{}')
    expect(runsOf(two, {}, { commands })).toBe(0)
    verified(two)
    rmSync(inRelease(one), { recursive: true })
    expect(runsOf(three, {}, { commands })).toBe(0)
    expect(existsSync(inRelease(three, 'node_modules/.cache'))).toBe(false)
  })

  test('is not copied where the rest of the preparation failed, took packages away, or linked to its own release', () => {
    for (const last of ['false', 'rm -r node_modules/b', 'ln -s "$PWD/server.js" node_modules/a/link']) {
      release(one)
      prepare(one, ['npm ci', last])
      verified(one)
      expect(runsOf(two, {}, {}), last).toBe(1)
      for (const id of [one, two]) rmSync(inRelease(id), { recursive: true })
    }
  })

  test('is done again where find cannot tell times', () => {
    tool('find', '#!/bin/sh\ncase "$*" in *-printf*) exit 1 ;; esac\nexec /usr/bin/find "$@"\n')
    expect(runsOfSecond()).toBe(1)
  })

  test('that fails ends the preparation as it did, and is never copied', () => {
    release(one)
    tool('npm', '#!/bin/sh\nmkdir -p node_modules/half\nexit 7\n')
    for (const commands of [
      ['npm ci', 'echo never'],
      ['set -e', 'npm ci', 'echo never'],
    ])
      expect(prepare(one, commands)).toMatchObject({ status: 7, stdout: '' })
    verified(one)
    tool('npm', npm)
    expect(runsOf(two, {}, {})).toBe(1)
  })
})

describe('of two installs in one release', () => {
  test('each is spared by itself', () => {
    const commands = ['cd packages/api', 'npm ci', 'cd ../..', 'npm ci --omit=dev']
    release(one)
    prepare(one, commands)
    verified(one)
    expect(runsOf(two, {}, { commands })).toBe(0)
    expect(existsSync(inRelease(two, 'node_modules/a'))).toBe(true)
  })

  test('so is the second, where the build goes on in the first one between them', () => {
    const commands = [
      'cd packages/api',
      'npm ci',
      'date +%N > node_modules/a/client.js',
      'cd ../..',
      'npm ci --omit=dev',
    ]
    release(one)
    tool('npm', npm.replace('. packages/api', '.'))
    prepare(one, commands)
    verified(one)
    expect(runsOf(two, {}, { commands })).toBe(0)
  })
})

describe('where no command installs', () => {
  const byLockfile = (
    change: Readonly<Record<string, string>>,
    without: readonly string[] = [],
    version = '4.18.1',
  ) => {
    for (const name of ['npm', 'pnpm', 'yarn', 'bun'])
      tool(name, `#!/bin/sh\n[ "$1" != --version ] || exec echo ${version}\necho "${name} $*" >> "$INSTALLS"\n`)
    release(one, change)
    for (const name of without) rmSync(inRelease(one, name), { recursive: true })
    const result = prepare(one, ['echo built'], { ...spared, byLockfile: true })
    return { ...result, installed: installed() }
  }
  const none = ['package-lock.json']

  test.each<[string, Readonly<Record<string, string>>, readonly string[], readonly string[]]>([
    ['package-lock.json', {}, [], ['npm ci']],
    ['pnpm-lock.yaml', { 'pnpm-lock.yaml': '' }, none, ['pnpm install --frozen-lockfile']],
    ['yarn.lock of yarn 1', { 'yarn.lock': '# yarn lockfile v1' }, none, ['yarn install --frozen-lockfile']],
    ['yarn.lock of yarn 4', { 'yarn.lock': '__metadata:\n  version: 8' }, none, ['yarn install --immutable']],
    ['bun.lock', { 'bun.lock': '' }, none, ['bun install --frozen-lockfile']],
    [
      'two, of which packageManager names one',
      { 'yarn.lock': '', 'package.json': '{"packageManager": "yarn@1.22.22"}' },
      [],
      ['yarn install --frozen-lockfile'],
    ],
    ['none, and dependencies', {}, none, ['npm install']],
    ['none, and no dependencies', { 'package.json': '{}' }, none, []],
    ['no package.json', {}, ['package.json'], []],
    ['its dependencies in the repository', { 'node_modules/a/package.json': '{}' }, [], []],
  ])('it is done by what the release has: %s', (_, change, without, wanted) => {
    const result = byLockfile(change, without)
    expect(result).toMatchObject({ status: 0, stdout: 'built\n', installed: wanted })
  })

  test('it is refused where two lockfiles disagree, before any command', () => {
    expect(byLockfile({ 'yarn.lock': '' })).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('there are lockfiles of npm yarn'),
      installed: [],
    })
  })

  test('it is refused where yarn 1 would pass over the lockfile of yarn 4', () => {
    expect(byLockfile({ 'yarn.lock': '__metadata:\n  version: 8' }, none, '1.22.22')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining(
        'yarn.lock is of yarn 2 or later, and this host has yarn 1: run `corepack enable`',
      ),
      installed: [],
    })
  })

  test('it is spared as any other', () => {
    const installs = { ...spared, byLockfile: true }
    release(one)
    prepare(one, [], installs)
    verified(one)
    release(two)
    expect(prepare(two, [], installs)).toMatchObject({ status: 0 })
    expect(installed()).toEqual(['npm ci'])
  })
})

function link(target: string, path: string): void {
  rmSync(path)
  symlinkSync(target, path)
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}
