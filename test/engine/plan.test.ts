import { describe, expect, test } from 'vitest'
import { foreignRelease } from '../../src/engine/fleet.ts'
import type { HostView } from '../../src/engine/inspect.ts'
import { planRollout, releaseOf, releasesBefore, releasesToKeep } from '../../src/engine/plan.ts'
import { rehearse } from '../../src/rollout/rehearse.ts'
import { fakeBalancer, fakeState } from '../balancers/fake-balancer.ts'
import { entry, fleet, machine, manifest, shaOf, view } from './fakes.ts'

const [v1, v2, v3] = ['20261101000000-1', '20261102000000-2', '20261103000000-3']

function start(views: readonly HostView[], goal: string) {
  const machines = views.map(({ machine: { name } }) => machine(name))
  const names = machines.map(({ name }) => name)
  const policy = {
    batches: [{ hosts: names, pause: false }],
    minServing: 1,
    onFailure: 'rollback',
    soak: false,
  } as const
  const balanced = fleet({ machines, balancer: fakeBalancer(fakeState(names)) })
  return planRollout(balanced, views, { goal, policy, view: { out: ['a'], mixed: [], byHand: ['a'] } })
}

describe('a host goes back', () => {
  const from = (seen: Parameters<typeof view>[0], goal: string) => start([view(seen)], goal).plan.hosts[0]?.from
  const bothDeployed = { releases: [v1, v2, v3], history: [entry(v1), entry(v2)] }

  test('nowhere when nothing ever ran on it', () => {
    expect(from({}, v1)).toBe(null)
  })
  test('to what runs', () => {
    expect(from({ runs: v2, ...bothDeployed }, v3)).toBe(v2)
  })
  test('to what runs, when the fleet is rolled back', () => {
    expect(from({ runs: v2, ...bothDeployed }, v1)).toBe(v2)
  })
  test('to the release deployed last, when a deploy was cut off after this host had the new one', () => {
    expect(from({ runs: v3, ...bothDeployed }, v3)).toBe(v2)
  })
  test('to the release deployed last, not to what another deploy left behind when it was cut off', () => {
    const v4 = '20261104000000-4'
    expect(from({ runs: v3, ...bothDeployed }, v4)).toBe(v2)
  })
  test('to the release deployed last, when nothing certain runs', () => {
    expect(from({ runs: null, ...bothDeployed }, v3)).toBe(v2)
  })
  test('to the release before, after the fleet was rolled back and nothing certain runs', () => {
    expect(from({ ...bothDeployed, history: [entry(v1), entry(v2), entry(v1, 'rollback')] }, v3)).toBe(v1)
  })
  test('to what runs and was verified, when the very first deploy was cut off', () => {
    expect(from({ runs: v1, releases: [v1, v2] }, v2)).toBe(v1)
  })
  test('nowhere else, when the very first deploy was cut off and is done again', () => {
    expect(from({ runs: v1, releases: [v1] }, v1)).toBe(null)
  })
  test('to the same release again, when that is the only one deployed', () => {
    expect(from({ releases: [v1], history: [entry(v1)] }, v1)).toBe(v1)
  })
  test('nowhere, when the release deployed last is not there any more', () => {
    expect(from({ releases: [v3], history: [entry(v1), entry(v2)] }, v3)).toBe(null)
  })
  test('to what somebody else runs there: it is left as it is', () => {
    expect(from({ runs: foreignRelease }, v1)).toBe(foreignRelease)
  })
})

describe('the plan', () => {
  test('has nothing taken out where there is one host only, or no balancer', () => {
    expect(start([view({ host: 'a' })], v1).plan.rotation).toBe(false)
    expect(start([view({ host: 'a' }), view({ host: 'b' })], v1).plan.rotation).toBe(true)
    const views = ['b', 'a'].map((host) => view({ host }))
    const machines = views.map((each) => each.machine)
    const policy = {
      batches: [{ hosts: ['a', 'b'], pause: false }],
      minServing: 0,
      onFailure: 'stop',
      soak: false,
    } as const
    const { plan, observed } = planRollout(fleet({ machines }), views, {
      goal: v1,
      policy,
      view: { out: [], mixed: [], byHand: [] },
    })
    expect(plan.rotation).toBe(false)
    expect(rehearse(plan, observed).batches.map(({ hosts }) => hosts)).toEqual([['a'], ['b']])
  })

  test('knows who is out by hand, and who is healthy', () => {
    const { observed } = start([view({ host: 'a', runs: v1, releases: [v1] }), view({ host: 'b' })], v1)
    expect(observed).toEqual({ out: ['a'], mixed: [], byHand: ['a'], healthy: ['a'], unheard: [] })
  })
})

describe('the releases before are', () => {
  const before = (...histories: readonly (readonly ReturnType<typeof entry>[])[]) =>
    releasesBefore(
      histories.map((history) =>
        view({ history, releases: [v1, v2, v3], current: { kind: 'release', id: history.at(-1)?.release ?? v1 } }),
      ),
    ).map(({ release }) => release)

  test('none without a deploy, and none after one', () => {
    expect(before([])).toEqual([])
    expect(before([entry(v1)])).toEqual([])
  })
  test('those deployed before the last, on a host that was added later too', () => {
    expect(before([entry(v1), entry(v2), entry(v3)], [entry(v3)])).toEqual([v2, v1])
  })
  test('one further back after each rollback, not forth again', () => {
    const history = [entry(v1), entry(v2), entry(v3), entry(v2, 'rollback')]
    expect(before(history)).toEqual([v1])
    expect(before([...history, entry(v1, 'rollback')])).toEqual([])
  })
  test('the last one deployed, where a deploy that was cut off left a host on a newer one', () => {
    const history = [entry(v1), entry(v2)]
    const on = (id: string) => view({ history, releases: [v1, v2, v3], current: { kind: 'release', id } })
    expect(releasesBefore([on(v3), on(v2)])).toEqual([entry(v2), entry(v1)])
  })
  test('the same again, where a rollback was cut off half way', () => {
    const history = [entry(v1), entry(v2), entry(v3)]
    const on = (id: string) => view({ history, releases: [v1, v2, v3], current: { kind: 'release', id } })
    expect(releasesBefore([on(v2), on(v3)])[0]?.release).toBe(v2)
  })
})

describe('a release that is there is used again', () => {
  const { id: _id, ref: _ref, state: _state, at: _at, ...wanted } = manifest(v2)

  test('for the same commit, commands and environment, on whichever host it is; the newest of several', () => {
    expect(releaseOf([view(), view({ releases: [v2] })], wanted)).toBe(v2)
    const again = manifest('20261102000001-2', { sha: shaOf('2') })
    expect(releaseOf([view({ manifests: [again, manifest(v2)] })], wanted)).toBe(again.id)
  })
  test('whatever the order of its environment', () => {
    const env = { A: '1', B: '2' }
    expect(releaseOf([view({ manifests: [manifest(v2, { env })] })], { ...wanted, env: { B: '2', A: '1' } })).toBe(v2)
  })
  test.each([
    ['commit', { sha: shaOf('9') }],
    ['preparation', { prepare: ['npm install'] }],
    ['activation', { activate: ['pm2 startOrReload app.config.js'] }],
    ['variable', { env: { A: '1' } }],
    ['environment', { environment: 'staging' }],
    ['manager', { manager: 'command' } as const],
  ])('never for another %s', (_, change) => {
    expect(releaseOf([view({ releases: [v2] })], { ...wanted, ...change })).toBe(null)
  })
  test('never where it is what another tool left: that is a folder which may be another commit by now', () => {
    expect(releaseOf([view({ manifests: [manifest(v2, { takenOver: true })] })], wanted)).toBe(null)
  })
  test('never where it failed on any host', () => {
    const failed = view({ manifests: [manifest(v2, { state: 'failed' })] })
    expect(releaseOf([view({ releases: [v2] }), failed], wanted)).toBe(null)
  })
})

describe('of the releases are kept', () => {
  const ids = Array.from({ length: 9 }, (_, index) => `2026110${index + 1}000000-${index + 1}`)
  const [first = '', second = '', third = ''] = ids
  const goal = ids.at(-1) ?? ''
  const active = { kind: 'release', id: second } as const

  test('what runs, the goal, what was deployed last and the one before, however old and however few are to be kept', () => {
    const history = [entry(first), entry(third), entry(goal)]
    const kept = releasesToKeep(view({ releases: ids, history, current: active }).inspection, { goal, keep: 2 })
    expect([...kept].toSorted()).toEqual([second, third, goal])
  })
  test('the newest beside them', () => {
    const kept = releasesToKeep(view({ releases: ids, history: [entry(first), entry(goal)] }).inspection, {
      goal,
      keep: 5,
    })
    expect([...kept].toSorted()).toEqual([first, ...ids.slice(-4)])
  })
  test('what was taken over, for a host is handed back with it; it takes the place of no other', () => {
    const manifests = ids.map((id) => manifest(id, id === first ? { takenOver: true } : {}))
    const seen = view({ releases: ids, manifests, history: [entry(goal)] })
    expect([...releasesToKeep(seen.inspection, { goal, keep: 2 })].toSorted()).toEqual([first, ...ids.slice(-2)])
  })
  test('none that failed, and none that was never prepared to its end, as long as nothing needs them', () => {
    const [broken = '', half = ''] = ids.slice(-3)
    const manifests = ids
      .filter((id) => id !== half)
      .map((id) => manifest(id, { state: id === broken ? 'failed' : 'verified' }))
    const seen = view({ releases: ids, manifests, history: [entry(first), entry(goal)] })
    const kept = releasesToKeep(seen.inspection, { goal, keep: 4 })
    expect([...kept].toSorted()).toEqual([first, ids[4], ids[5], goal])
  })
  test('one that failed and runs all the same takes no place of those', () => {
    const manifests = ids.map((id) => manifest(id, { state: id === second ? 'failed' : 'verified' }))
    const seen = view({ releases: ids, manifests, current: active, history: [entry(first), entry(goal)] })
    const kept = releasesToKeep(seen.inspection, { goal, keep: 4 })
    expect([...kept].toSorted()).toEqual([first, second, ids[6], ids[7], goal])
  })
})
