import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findGoal, presentSha } from '../../src/commands/goal.ts'
import type { HostView } from '../../src/engine/inspect.ts'
import { entry, manifest, view } from '../engine/fakes.ts'
import { folder, localMachine } from '../engine/ground.ts'
import { environment } from './environment.ts'

const [v1, v2] = ['20261101000000-1111111', '20261102000000-2222222']
const nowMs = Date.UTC(2026, 10, 21, 3, 15)

const refuse = () => Promise.reject(new Error('going back needs no host'))
const goBack = (views: readonly HostView[], release: string | null) =>
  findGoal({ kind: 'release', release }, { config: environment(), views, nowMs, hostFor: refuse })

describe('going back', () => {
  const on = (host: string) => view({ host, runs: v2, releases: [v1, v2], history: [entry(v1), entry(v2)] })

  test('means the release before, by the commands that it was activated with; it needs no git', async () => {
    const goal = await goBack([on('a'), on('b')], null)
    expect(goal).toEqual({ kind: 'rollback', manifest: manifest(v1) })
  })

  test('may name a release by its id, the beginning of it, or its commit', async () => {
    const byName = async (name: string) => (await goBack([on('a')], name)).manifest.id
    expect([await byName(v1), await byName('20261101'), await byName('1111')]).toEqual([v1, v1, v1])
  })

  test.each([
    [
      'nothing was deployed before',
      [view({ runs: v1, releases: [v1], history: [entry(v1)] })],
      null,
      'no release to go back to',
    ],
    ['nobody knows the release', [on('a')], '20270101', 'There is no release 20270101'],
    ['the name fits several', [on('a')], '202611', `could be each of ${v1}, ${v2}`],
    ['a host lacks it', [on('a'), view({ host: 'b', runs: v2, releases: [v2] })], null, `${v1} is not on b`],
    [
      'only its folder is known',
      [view({ runs: v2, releases: [v1, v2], manifests: [], history: [entry(v1), entry(v2)] })],
      null,
      'Nothing is known',
    ],
  ])('is refused where %s', async (_, views, name, said) => {
    await expect(goBack(views, name)).rejects.toMatchObject({
      code: 'no-release',
      message: expect.stringContaining(said),
    })
  })
})

describe('a ref', () => {
  function origin() {
    const base = folder()
    const repo = join(base, 'shop.git')
    const git = (...words: readonly string[]) => execFileSync('git', [...words], { encoding: 'utf8' }).trim()
    git('init', '--quiet', '--initial-branch=main', repo)
    git(
      '-C',
      repo,
      '-c',
      'user.name=Ada',
      '-c',
      'user.email=ada@example.com',
      '-c',
      'commit.gpgsign=false',
      'commit',
      '--quiet',
      '--allow-empty',
      '-m',
      'one',
    )
    const machine = localMachine('a', join(base, 'a'))
    return { machine, sha: git('-C', repo, 'rev-parse', 'HEAD'), config: environment({ repo, env: { A: '1' } }) }
  }
  const deploy = ({ machine, config }: ReturnType<typeof origin>, seen: HostView) =>
    findGoal(
      { kind: 'ref', ref: null },
      { config, views: [{ ...seen, machine }], nowMs, hostFor: async ({ host }) => host },
    )

  test('becomes a new release of its commit, with the commands of the configuration', async () => {
    const at = origin()
    const goal = await deploy(at, view())
    expect(goal).toEqual({
      kind: 'deploy',
      manifest: {
        ...manifest(`20261121031500-${at.sha.slice(0, 7)}`),
        sha: at.sha,
        ref: 'origin/main',
        state: 'prepared',
        at: '2026-11-21T03:15:00.000Z',
        env: { A: '1' },
      },
    })
  })

  test('is the release that is there already; another one where that failed, or where its second is taken', async () => {
    const at = origin()
    const id = `20261121031500-${at.sha.slice(0, 7)}`
    const there = manifest(id, { sha: at.sha, env: { A: '1' } })
    expect((await deploy(at, view({ manifests: [there] }))).manifest.id).toBe(id)
    const next = await deploy(at, view({ manifests: [{ ...there, state: 'failed' }] }))
    expect(next.manifest.id).toBe(`20261121031501-${at.sha.slice(0, 7)}`)
  })
})

test('the commit that the fleet runs is known only where it runs one', () => {
  const on = (id: string) => view({ runs: id, releases: [v1, v2] })
  expect(presentSha([on(v1), on(v1)])).toBe('1'.repeat(40))
  expect(presentSha([on(v1), on(v2)])).toBe(null)
  expect(presentSha([on(v1), view()])).toBe(null)
})
