/** Real repositories, a real shell. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  existsSync,
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
import { type Layout, layout } from '../../src/hosts/layout.ts'
import { setupScript } from '../../src/hosts/release.ts'
import { lackingScript, type Sharing, sharedFoldersScript, shareScript } from '../../src/hosts/sharing.ts'

const id = '20261121031500-aaaaaaa'
const secret = `PASSWORD="it's a 'secret'"\n\\ $(id)\n`

let root: string
let at: Layout

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "zdr it's ")))
  at = layout(join(root, 'shop'))
  ok(setupScript(at))
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

/** A release whose commit has these files. */
function release(files: Readonly<Record<string, string>> = {}, prepare: (release: string) => void = () => {}): void {
  const folder = join(at.releases, id)
  const git = (...words: readonly string[]) =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=n', '-c', 'user.email=e', ...words], { stdio: 'ignore' })
  mkdirSync(folder)
  git('init', '--quiet')
  for (const [name, text] of Object.entries({ 'server.js': 'one', ...files })) write(join(folder, name), text)
  prepare(folder)
  git('add', '--force', '.')
  git('commit', '--quiet', '-m', 'one')
}

const inRelease = (path: string): string => join(at.releases, id, path)
const inShared = (path: string): string => join(at.shared, path)

function share(paths: readonly string[], uploads: Readonly<Record<string, string>> = {}) {
  const sharing: Sharing = {
    paths,
    uploads: Object.entries(uploads).map(([to, text]) => ({ to, content: Buffer.from(text) })),
  }
  return run(shareScript(at, id, sharing))
}

describe('what is shared', () => {
  test('is one for all releases, by links; a folder is made where it is missing', () => {
    release({ 'config/app.yml': 'a: 1' })
    write(inShared('.env'), 'A=1')
    write(inShared('config/master key'), 'key')
    for (const _ of ['once', 'again'])
      expect(share(['.env', 'uploads/', 'config/master key', 'tmp/cache/'])).toMatchObject({ status: 0, stderr: '' })
    for (const path of ['.env', 'uploads', 'config/master key', 'tmp/cache'])
      expect(readlinkSync(inRelease(path))).toBe(inShared(path))
    write(inRelease('uploads/one.png'), 'png')
    expect(readFileSync(inShared('uploads/one.png'), 'utf8')).toBe('png')
    expect(readFileSync(inRelease('config/app.yml'), 'utf8')).toBe('a: 1')
  })

  test('stands where the repository only keeps a folder', () => {
    release({ 'uploads/.gitkeep': '# keep', 'uploads/a/.gitignore': '*', 'logs/empty': '', '.env': '' })
    write(inShared('.env'), 'A=1')
    expect(share(['uploads/', 'logs/', '.env']).stderr).toBe('')
    expect(readlinkSync(inRelease('uploads'))).toBe(inShared('uploads'))
    expect(readFileSync(inRelease('.env'), 'utf8')).toBe('A=1')
  })

  test.each<[string, Readonly<Record<string, string>>, string, string]>([
    ['a file', { '.env': 'A=2' }, '.env', '.env'],
    ['a file of a folder', { 'uploads/.gitkeep': '', 'uploads/logo.png': 'png' }, 'uploads/', 'uploads/logo.png'],
    ['a file whose name has signs', { 'uploads/l"o\tgo': 'x' }, 'uploads/', String.raw`uploads/l\"o\tgo`],
  ])('is refused where the repository has %s there, and that stays', (_, files, path, named) => {
    release(files)
    write(inShared('.env'), 'A=1')
    const { status, stderr } = share([path])
    expect(status).toBe(1)
    expect(stderr).toContain(named)
    for (const [file, text] of Object.entries(files)) expect(readFileSync(inRelease(file), 'utf8')).toBe(text)
  })

  test('never leads out of the release by a link that the repository has', () => {
    mkdirSync(join(root, 'elsewhere'))
    release({}, (folder) => symlinkSync(join(root, 'elsewhere'), join(folder, 'config')))
    write(inShared('config/key'), 'key')
    expect(share(['config/key'])).toMatchObject({ status: 1, stderr: expect.stringContaining('config is a link') })
    expect(readdirSync(join(root, 'elsewhere'))).toEqual([])
  })

  test('is refused where a file is missing, or is no folder, or git cannot say what would be lost', () => {
    release({ 'uploads/logo.png': 'png' })
    expect(share(['.env']).stderr).toBe(`${inShared('.env')} is not there, and \`shared\` names it\n`)
    write(inShared('logs'), 'a file')
    expect(share(['logs/']).stderr).toContain('is no folder')
    rmSync(inRelease('.git'), { recursive: true })
    expect(share(['uploads/']).status).not.toBe(0)
    expect(existsSync(inRelease('uploads/logo.png'))).toBe(true)
  })

  test('is known to be missing before that, and its folders are made', () => {
    expect(ok(lackingScript(at, ['.env', "config/it's"]))).toBe(".env\nconfig/it's\n")
    ok(sharedFoldersScript(at, ['uploads/', "config/it's", '.env']))
    expect(readdirSync(at.shared).toSorted()).toEqual(['config', 'uploads'])
    write(inShared("config/it's"), '')
    expect(ok(lackingScript(at, ['.env', "config/it's"]))).toBe('.env\n')
  })
})

describe('what is uploaded', () => {
  test('arrives as it is, for its owner alone, and each release keeps its own', () => {
    release()
    for (const content of [secret, '', Buffer.alloc(300, 0xff)].map((each) => Buffer.from(each))) {
      const result = run(shareScript(at, id, { paths: ['config/.env'], uploads: [{ to: 'config/.env', content }] }))
      expect(result).toMatchObject({ status: 0, stdout: '', stderr: '' })
      const file = inRelease('config/.env')
      expect(readFileSync(file)).toEqual(content)
      expect(lstatSync(file).isFile()).toBe(true)
      expect(statSync(file).mode & 0o777).toBe(0o600)
    }
    expect(readdirSync(at.shared)).toEqual([])
  })

  test('changes nothing for a release that is linked to what is shared', () => {
    release()
    write(inShared('.env'), 'A=1')
    expect(share(['.env']).status).toBe(0)
    const [running, older] = [inRelease('.env'), inShared('.env')]
    const next = '20261121031600-bbbbbbb'
    execFileSync('cp', ['-a', inRelease(''), join(at.releases, next)])
    const sharing: Sharing = { paths: ['.env'], uploads: [{ to: '.env', content: Buffer.from('A=2') }] }
    ok(shareScript(at, next, sharing))
    expect(readFileSync(join(at.releases, next, '.env'), 'utf8')).toBe('A=2')
    for (const file of [running, older]) expect(readFileSync(file, 'utf8')).toBe('A=1')
  })

  test('is in no message, whatever goes wrong', () => {
    release({ '.env': 'A=1' })
    for (const path of ['.env', 'server.js/x']) {
      const { status, stdout, stderr } = share([path], { [path]: secret })
      expect(status).not.toBe(0)
      for (const told of [secret, Buffer.from(secret).toString('base64')])
        expect(`${stdout}${stderr}`).not.toContain(told)
    }
    expect(readFileSync(inRelease('.env'), 'utf8')).toBe('A=1')
  })
})

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

function run(script: string) {
  const env = { ...process.env, HOME: root, GIT_CONFIG_GLOBAL: '/dev/null' }
  return spawnSync('sh', ['-c', script], { encoding: 'utf8', cwd: root, env })
}

function ok(script: string): string {
  const result = run(script)
  expect(result.status, result.stderr).toBe(0)
  return result.stdout
}
