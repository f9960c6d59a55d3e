import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findGoal, presentSha } from '../../src/engine/goal.ts'
import type { HostView } from '../../src/engine/inspect.ts'
import { entry, manifest, view } from './fakes.ts'
import { folder, localMachine, repository } from './ground.ts'

const [v1, v2] = ['20261101000000-1111111', '20261102000000-2222222']
const nowMs = Date.UTC(2026, 10, 21, 3, 15)

const { prepare, activate, environment, manager } = manifest(v1)
const recipe = { prepare, activate, environment, manager, env: { A: '1' } }

const refuse = () => Promise.reject(new Error('going back needs no host'))
const goBack = (views: readonly HostView[], release: string | number) =>
  findGoal(
    { kind: 'release', release },
    { recipe, source: { repo: 'nowhere', depth: null }, views, isFresh: false, nowMs, writable: refuse },
  )

describe('going back', () => {
  const on = (host: string) => view({ host, runs: v2, releases: [v1, v2], history: [entry(v1), entry(v2)] })

  test('means the release before, by the commands that it was activated with; it needs no git', async () => {
    const goal = await goBack([on('a'), on('b')], 1)
    expect(goal).toEqual({ kind: 'rollback', manifest: manifest(v1) })
  })

  test('may go several releases back', async () => {
    const v3 = '20261103000000-3333333'
    const far = view({ runs: v3, releases: [v1, v2, v3], history: [entry(v1), entry(v2), entry(v3)] })
    expect((await goBack([far], 2)).manifest.id).toBe(v1)
  })

  test('may name a release by its id, the beginning of it, or its commit', async () => {
    const byName = async (name: string) => (await goBack([on('a')], name)).manifest.id
    expect([await byName(v1), await byName('20261101'), await byName('1111')]).toEqual([v1, v1, v1])
  })

  test.each([
    [
      'nothing was deployed before',
      [view({ runs: v1, releases: [v1], history: [entry(v1)] })],
      1,
      'no release to go back to',
    ],
    ['nobody knows the release', [on('a')], '20270101', 'There is no release 20270101'],
    ['the name fits several', [on('a')], '202611', `could be each of ${v1}, ${v2}`],
    ['a host lacks it', [on('a'), view({ host: 'b', runs: v2, releases: [v2] })], 1, `${v1} is not on b`],
    [
      'one was deployed before, and two are asked for',
      [on('a')],
      2,
      `only one release was deployed before the present one.\n1 back: ${v1}`,
    ],
    [
      'only its folder is known',
      [view({ runs: v2, releases: [v1, v2], manifests: [], history: [entry(v1), entry(v2)] })],
      1,
      'Nothing is known',
    ],
  ])('is refused where %s', async (_, views, name, said) => {
    await expect(goBack(views, name)).rejects.toMatchObject({
      code: 'no-release',
      message: expect.stringContaining(said),
    })
  })
})

describe('what the others run', () => {
  const join = (views: readonly HostView[], uploads: Readonly<Record<string, string>> = {}) =>
    findGoal(
      { kind: 'join', hosts: ['new'] },
      {
        recipe: { ...recipe, uploads },
        source: { repo: 'nowhere', depth: null },
        isFresh: false,
        views,
        nowMs,
        writable: refuse,
      },
    )
  const on = (host: string, change = {}) =>
    view({ host, runs: v2, manifests: [manifest(v2, { state: 'verified', verifiedAt: 'then', ...change })] })

  test('is that release, as it was made, and not what the configuration would make now', async () => {
    const change = { prepare: ['npm install'], env: { OLD: '1' }, shared: ['.env'] }
    const goal = await join([on('a', change), on('b', change), view({ host: 'new' })])
    const at = '2026-11-21T03:15:00.000Z'
    expect(goal).toEqual({
      kind: 'deploy',
      manifest: { ...manifest(v2, { ...change }), state: 'prepared', at },
    })
  })

  test('is a release like others where they run what was taken over', async () => {
    expect((await join([on('a', { takenOver: true }), view({ host: 'new' })])).manifest).not.toHaveProperty('takenOver')
  })

  test.each([
    ['they differ', [on('a'), view({ host: 'b', runs: v1, releases: [v1] })], {}, `a: ${v2}\nb: ${v1}`],
    ['one has none', [on('a'), view({ host: 'b' })], {}, 'b: no release'],
    ['nobody else is there', [], {}, 'do not run one release'],
    [
      'an upload changed since',
      [on('a', { uploads: { '.env': 'one' } })],
      { '.env': 'two' },
      `another one by now than in ${v2}`,
    ],
  ])('is refused where %s', async (_, others, uploads, said) => {
    await expect(join([...others, view({ host: 'new' })], uploads)).rejects.toMatchObject({
      code: 'no-release',
      message: expect.stringContaining(said),
      hint: expect.stringContaining('Deploy to all of them'),
    })
  })
})

describe('a ref', () => {
  function origin() {
    const { repo, sha } = repository()
    return { repo, sha, machine: localMachine('a', join(folder(), 'a')) }
  }
  const deploy = ({ machine, repo }: ReturnType<typeof origin>, seen: HostView, isFresh = false) =>
    findGoal(
      { kind: 'ref', ref: 'origin/main' },
      {
        recipe,
        source: { repo, depth: null },
        views: [{ ...seen, machine }],
        isFresh,
        nowMs,
        writable: async (each) => each,
      },
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

  test('is the release that is there already; another one where that failed, or is to be fresh, or where its second is taken', async () => {
    const at = origin()
    const id = `20261121031500-${at.sha.slice(0, 7)}`
    const there = manifest(id, { sha: at.sha, env: { A: '1' } })
    expect((await deploy(at, view({ manifests: [there] }))).manifest.id).toBe(id)
    const next = await deploy(at, view({ manifests: [{ ...there, state: 'failed' }] }))
    const fresh = await deploy(at, view({ manifests: [there] }), true)
    for (const each of [next, fresh]) expect(each.manifest.id).toBe(`20261121031501-${at.sha.slice(0, 7)}`)
  })
})

test('the commit that the fleet runs is known only where it runs one', () => {
  const on = (id: string) => view({ runs: id, releases: [v1, v2] })
  expect(presentSha([on(v1), on(v1)])).toBe('1'.repeat(40))
  expect(presentSha([on(v1), on(v2)])).toBe(null)
  expect(presentSha([on(v1), view()])).toBe(null)
})
