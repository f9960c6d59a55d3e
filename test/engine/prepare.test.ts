/** A real repository, a real shell. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Machine } from '../../src/engine/fleet.ts'
import { inspectHost } from '../../src/engine/inspect.ts'
import { type Preparation, prepareHost, resolveRef } from '../../src/engine/prepare.ts'
import type { Manifest } from '../../src/hosts/history.ts'
import { defaultLimits } from '../../src/hosts/limits.ts'
import { fleet, manifest } from './fakes.ts'
import { folder, localMachine, repository } from './ground.ts'

let repo: string
let sha: string
let machine: Machine

beforeEach(() => {
  ;({ repo, sha } = repository())
  machine = localMachine('a', join(folder(), 'a'))
})

async function prepare(wanted: Partial<Manifest>, more: Partial<Preparation> = {}): Promise<readonly string[]> {
  const lines: string[] = []
  const seen = await inspectHost(fleet({ processesOf: () => nothingRuns }), machine)
  await prepareHost(seen, machine, {
    manifest: manifest(`20261121000000-${sha.slice(0, 7)}`, { sha, state: 'prepared', prepare: [], ...wanted }),
    source: { repo, depth: null },
    uploads: [],
    isFresh: false,
    onFirst: [],
    before: [],
    limit: defaultLimits.prepare,
    onLine: (line) => lines.push(line),
    ...more,
  })
  return lines
}

const nothingRuns = {
  kind: 'pm2',
  tools: [],
  running: async () => [],
  isPinned: () => false,
  reload: async () => [],
  stop: async () => undefined,
  log: async () => '',
} as const

const release = () => join(machine.layout.releases, `20261121000000-${sha.slice(0, 7)}`)

describe('a release is prepared', () => {
  test('in a folder of its own, by its commands, and is noted when all of them have ended well', async () => {
    const lines = await prepare({ prepare: ['echo "$NAME" > built', 'pwd'], env: { NAME: 'shop' } })
    expect(readFileSync(join(release(), 'server.js'), 'utf8')).toBe('one')
    expect(readFileSync(join(release(), 'built'), 'utf8')).toBe('shop\n')
    expect(lines).toContain(release())
    expect(existsSync(machine.layout.current)).toBe(false)
    expect(readFileSync(join(machine.layout.manifests, `20261121000000-${sha.slice(0, 7)}.json`), 'utf8')).toContain(
      sha,
    )
  })

  test('once: what is prepared already is left alone', async () => {
    await prepare({ prepare: ['echo once >> built'] })
    await prepare({ prepare: ['echo once >> built'] })
    expect(readFileSync(join(release(), 'built'), 'utf8')).toBe('once\n')
  })

  test('again from where it was cut off, and only then noted', async () => {
    await expect(prepare({ prepare: ['echo no space >&2; exit 3'] })).rejects.toMatchObject({
      code: 'host-command',
      message: 'a: install or build failed',
      output: 'no space',
    })
    expect(existsSync(join(machine.layout.manifests, `20261121000000-${sha.slice(0, 7)}.json`))).toBe(false)
    await prepare({ prepare: ['touch built'] })
    expect(existsSync(join(release(), 'built'))).toBe(true)
  })

  test('again where it failed: what was built then may be what was wrong', async () => {
    await prepare({ prepare: ['echo once >> built'], state: 'failed' })
    await prepare({ prepare: ['echo once >> built'] })
    expect(readFileSync(join(release(), 'built'), 'utf8')).toBe('once\nonce\n')
  })

  test('after post-setup the first time, until a release was prepared to its end', async () => {
    const onFirst = ['echo first >> first']
    await expect(prepare({ prepare: ['false'] }, { onFirst })).rejects.toThrow()
    await prepare({}, { onFirst })
    expect(readFileSync(join(release(), 'first'), 'utf8')).toBe('first\n')
    const later = `20261122000000-${sha.slice(0, 7)}`
    await prepare({ id: later }, { onFirst })
    expect(existsSync(join(machine.layout.releases, later, 'first'))).toBe(false)
  })

  test('never where pre-deploy fails', async () => {
    await expect(prepare({}, { before: ['false'] })).rejects.toMatchObject({ message: 'a: pre-deploy failed' })
    expect(existsSync(release())).toBe(false)
  })

  test('never where the commit cannot be had', async () => {
    await expect(prepare({ sha: 'f'.repeat(40) })).rejects.toMatchObject({ code: 'git' })
  })
})

describe('a ref', () => {
  const resolve = (ref: string, from = repo) => resolveRef(machine, { source: { repo: from, depth: null }, ref })

  test('becomes one full commit', async () => {
    expect(await resolve('origin/main')).toBe(sha)
    expect(await resolve(sha.slice(0, 7))).toBe(sha)
  })
  test('that is a commit which is there already needs no repository', async () => {
    await expect(resolve(sha, `${repo}-nowhere`)).rejects.toMatchObject({ code: 'git' })
    await resolve('main')
    expect(await resolve(sha, `${repo}-nowhere`)).toBe(sha)
  })
  test('that does not exist is refused, with the nearest that do', async () => {
    await expect(resolve('mian')).rejects.toMatchObject({
      code: 'git',
      output: expect.stringContaining('Nearest: main'),
    })
  })
  test('of a repository that cannot be read says what to try', async () => {
    await expect(resolve('main', `${repo}-nowhere`)).rejects.toMatchObject({
      code: 'git',
      message: `a could not fetch ${repo}-nowhere`,
      hint: expect.stringContaining('git ls-remote'),
    })
  })
})
