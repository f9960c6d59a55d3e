import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { commitsBetween, differsFrom, isPushed, originUrl } from '../../src/commands/local-git.ts'

const folder = mkdtempSync(join(tmpdir(), 'zdr-git-'))
const [origin, clone, plain] = ['origin', 'clone', 'plain'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
]
const person = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', '-c', 'commit.gpgsign=false']

function git(...words: readonly string[]): string {
  return execFileSync('git', [...person, ...words], { cwd: folder, encoding: 'utf8', stdio: 'pipe' }).trim()
}

function commit(subject: string): string {
  git('-C', clone, 'commit', '--quiet', '--allow-empty', '-m', subject)
  return git('-C', clone, 'rev-parse', 'HEAD')
}

let first = ''
let last = ''

beforeAll(() => {
  git('init', '--quiet', '--bare', '--initial-branch=main', origin)
  git('clone', '--quiet', origin, clone)
  git('init', '--quiet', plain)
  first = commit('Start')
  commit('Add the basket')
  last = commit("Fix `price`, it's $(wrong)")
  git('-C', clone, 'push', '--quiet', 'origin', 'HEAD:main')
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('commits between two releases', () => {
  test('are told newest first, as sha7 and subject', async () => {
    const commits = await commitsBetween(clone, first, last)
    expect(commits).toEqual([
      `${last.slice(0, 7)} Fix \`price\`, it's $(wrong)`,
      expect.stringMatching(/ Add the basket$/),
    ])
  })

  test('are none where the clone lacks one, where there is no repository, no folder or no first release', async () => {
    const missing = 'f'.repeat(40)
    expect(await commitsBetween(clone, missing, last)).toEqual([])
    expect(await commitsBetween(tmpdir(), first, last)).toEqual([])
    expect(await commitsBetween(join(folder, 'nowhere'), first, last)).toEqual([])
    expect(await commitsBetween(clone, null, last)).toEqual([])
  })

  test('cannot be made to mean an option of git', async () => {
    expect(await commitsBetween(clone, '--output=x', last)).toEqual([])
  })
})

describe('whether HEAD is pushed', () => {
  test('is true on a branch of a remote, false behind it, and unknown without a remote or a repository', async () => {
    expect(await isPushed(clone)).toBe(true)
    commit('Not pushed')
    expect(await isPushed(clone)).toBe(false)
    expect(await isPushed(plain)).toBe(null)
    expect(await isPushed(tmpdir())).toBe(null)
  })
})

test('a file differs from a commit where it was changed since, committed or not', async () => {
  const file = join(clone, 'ecosystem.config.js')
  writeFileSync(file, 'module.exports = {}\n')
  expect(await differsFrom(clone, file, last)).toBe(false)
  git('-C', clone, 'add', file)
  const added = commit('Add the configuration')
  expect(await differsFrom(clone, file, last)).toBe(true)
  expect(await differsFrom(clone, file, added)).toBe(false)
  writeFileSync(file, 'module.exports = { apps: [] }\n')
  expect(await differsFrom(clone, file, added)).toBe(true)
})

test('the address of origin is told, unless it carries a password', async () => {
  expect(await originUrl(clone)).toBe(origin)
  expect(await originUrl(plain)).toBe(null)
  git('-C', clone, 'remote', 'set-url', 'origin', 'https://ada:secret@git.example.com/shop.git')
  expect(await originUrl(clone)).toBe(null)
})
