/** A file with every key of ours in it, through the real pm2-deploy, to a real sshd: it still sets up and deploys. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { loadEnvironment } from '../../src/config/load.ts'
import { type Sshd, startSshd } from '../hosts/sshd.ts'
import { filesFolder } from './ecosystem-files.ts'

const timeoutMs = 60_000
/** pm2's own: the one that its users have. */
const pm2 = createRequire(createRequire(import.meta.url).resolve('pm2'))
const file = join(filesFolder, 'everything.cjs')

let sshd: Sshd
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zdr-pm2-deploy-'))
  sshd = await startSshd({ config: `SetEnv PATH=${programs()}:/usr/bin:/bin\n` })
})
afterAll(async () => {
  await sshd.stop()
  rmSync(folder, { recursive: true, force: true })
  rmSync(logFile(), { force: true })
})

test('it sets up and deploys with our keys in the file, and runs each hook', async () => {
  expect(pm2('pm2-deploy/package.json')).toMatchObject({ version: '1.0.2' })
  const { clone, sha } = repository()
  for (const [name, value] of Object.entries(variables())) vi.stubEnv(name, value)
  copyFileSync(file, join(clone, 'ecosystem.config.cjs'))

  expect(deploy(clone, 'setup')).toContain('setup complete')
  expect(deploy(clone, '--force')).toContain('successfully deployed origin/main')

  const at = (...path: readonly string[]): string => join(folder, 'shop', ...path)
  expect(git(at('current'), 'rev-parse', 'HEAD')).toBe(sha)
  expect(readFileSync(at('.deploys'), 'utf8')).toBe(`${sha}\n`)
  expect(readFileSync(at('reloaded'), 'utf8')).toBe('reload shop\n')
  const marks = [
    join(clone, 'pre-deploy-local'),
    at('shared/post-setup'),
    at('shared/pre-deploy'),
    at('current/built/hello'),
  ]
  expect(marks.filter((mark) => !existsSync(mark))).toEqual([])
  const config = await loadEnvironment({ cwd: clone, environment: 'production' })
  expect(config).toMatchObject({ keepReleases: 3, hosts: [{ port: sshd.port }], path: at() })
  vi.unstubAllEnvs()
})

function variables(): Readonly<Record<string, string>> {
  return {
    ZDR_TEST_USER: userInfo().username,
    ZDR_TEST_HOST: '127.0.0.1',
    ZDR_TEST_PORT: String(sshd.port),
    ZDR_TEST_KEY: sshd.key,
    ZDR_TEST_KNOWN_HOSTS: sshd.knownHosts,
    ZDR_TEST_REPO: join(folder, 'origin.git'),
    ZDR_TEST_PATH: join(folder, 'shop'),
  }
}

/** As `pm2 deploy production <word>` does, in a process of its own, since it writes to our output. Throws where it fails. */
function deploy(cwd: string, word: string): string {
  const script = `
    const { deploy } = require('./ecosystem.config.cjs')
    require(${JSON.stringify(pm2.resolve('pm2-deploy'))}).deployForEnv(deploy, 'production', [${JSON.stringify(word)}], (error) => {
      if (error) throw error
    })`
  const env = { ...process.env, USER: logUser() }
  return execFileSync(process.execPath, ['-e', script], { cwd, env, encoding: 'utf8', timeout: timeoutMs })
}

/** It writes a log to /tmp, named by $USER. */
function logUser(): string {
  return `zdr-test-${process.pid}`
}

function logFile(): string {
  return `/tmp/pm2-deploy-${logUser()}.log`
}

/** A pm2 that only notes what it was told. */
function programs(): string {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'pm2'), '#!/bin/sh\necho "$*" > ../reloaded\n', { mode: 0o755 })
  return bin
}

function repository(): { readonly clone: string; readonly sha: string } {
  const origin = join(folder, 'origin.git')
  const clone = join(folder, 'clone')
  mkdirSync(clone)
  git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', origin)
  git(clone, 'init', '--quiet', '--initial-branch=main')
  writeFileSync(join(clone, 'server.js'), '')
  git(clone, 'add', '.')
  git(clone, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', 'commit', '--quiet', '-m', 'one')
  git(clone, 'push', '--quiet', origin, 'main')
  return { clone, sha: git(clone, 'rev-parse', 'HEAD') }
}

function git(cwd: string, ...words: readonly string[]): string {
  return execFileSync('git', words, { cwd, encoding: 'utf8', timeout: timeoutMs }).trim()
}
