/** The loop from end to end: real folders and links, and an app and a balancer in memory. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Fleet } from '../../src/engine/fleet.ts'
import { perform } from '../../src/engine/perform.ts'
import { planRollout } from '../../src/engine/plan.ts'
import { reportRollout } from '../../src/engine/reporting.ts'
import { roll } from '../../src/engine/roll.ts'
import { UserError } from '../../src/errors.ts'
import type { Manifest } from '../../src/hosts/history.ts'
import { outcome } from '../../src/rollout/outcome.ts'
import type { Report } from '../../src/rollout/report.ts'
import { manifest, ours, times } from './fakes.ts'
import { ground, v1, v2 } from './ground.ts'

interface Rolling {
  /** Hears every report, and may change the world or ask to end. */
  readonly meanwhile?: (report: Report, interrupt: () => void) => void
  readonly lock?: typeof ours
}

async function rollOut(on: ReturnType<typeof ground>, { meanwhile, lock = ours }: Rolling = {}) {
  const { fleet } = on
  const views = await on.look()
  const view = await fleet.balancer.observe()
  const batches = fleet.machines.map(({ name }) => ({ hosts: [name], pause: false }))
  const policy = { batches, minServing: 1, onFailure: 'rollback', soak: false } as const
  const start = planRollout(fleet, views, { goal: v2, policy, view })
  const reports: Report[] = []
  let interrupt = (): void => undefined
  const tell = (report: Report): void => {
    reports.push(report)
    meanwhile?.(report, () => interrupt())
  }
  const telling: Fleet = { ...fleet, report: tell }
  const reporting = reportRollout(tell, fleet.clock, fleet.machines.length)
  const performing = {
    fleet: telling,
    lock,
    manifests: manifestsOf(views),
    replaced: new Map<string, ReadonlySet<number>>(),
    standing: new Map(),
    proven: new Set(views.flatMap(({ inspection }) => inspection.history.map(({ release }) => release))),
    askPerson: async () => null,
    by: 'ada@laptop',
  }
  const rollout = await roll(start, {
    fleet: telling,
    perform: (move) => perform(performing, move),
    onEvent: reporting.onEvent,
    onInterrupt: (hear) => {
      interrupt = () => hear('interrupted')
    },
  })
  return { end: outcome(rollout), reports, outMs: reporting.outMs() }
}

function manifestsOf(views: Awaited<ReturnType<ReturnType<typeof ground>['look']>>) {
  return new Map(
    views.map(({ machine, inspection }) => [
      machine.name,
      new Map<string, Manifest>(inspection.manifests.map((each) => [each.id, each])),
    ]),
  )
}

function isStep(report: Report, step: string, host: string): boolean {
  return report.type === 'step' && report.state === 'started' && report.step === step && report.hosts.includes(host)
}

test('every host gets the release, one after another, and serves again', async () => {
  const on = ground(['a', 'b', 'c'])
  const { end, outMs } = await rollOut(on)
  expect(end.kind).toBe('deployed')
  expect(end.hosts.map(({ release, state }) => [release, state])).toEqual(Array(3).fill([v2, 'serving']))
  expect(on.active()).toEqual([v2, v2, v2])
  expect(on.balancer.published).toEqual([['a'], [], ['b'], [], ['c'], []])
  expect(Object.keys(outMs)).toEqual(['a', 'b', 'c'])
  expect(Math.min(...Object.values(outMs))).toBeGreaterThanOrEqual(times.stableMs)
  expect((await on.look()).map(({ runs }) => runs)).toEqual([v2, v2, v2])
})

test('done again, nothing is touched', async () => {
  const on = ground(['a', 'b'])
  await rollOut(on)
  const { end } = await rollOut(on)
  expect(end.kind).toBe('unchanged')
  expect([on.apps.of('a').reloads, on.apps.of('b').reloads]).toEqual([1, 1])
})

test('a host that fails its check goes back, with the last lines of its log, and is known as failed', async () => {
  const on = ground(['a', 'b'])
  on.apps.bad.add(v2)
  const { end, reports } = await rollOut(on)
  expect(end).toMatchObject({ kind: 'rolled back', failure: 'a: the health check failed: 500' })
  expect(on.active()).toEqual([v1, v1])
  expect(on.apps.of('b').reloads).toBe(0)
  expect(on.balancer.published).toEqual([['a'], []])
  const failed = reports.find((report) => report.type === 'step' && report.state === 'failed')
  expect(failed).toMatchObject({
    step: 'verify',
    hosts: ['a'],
    log: expect.stringContaining(`the last lines of ${v2}`),
  })
  const [view] = await on.look()
  expect(view?.inspection.manifests.find(({ id }) => id === v2)).toMatchObject({
    state: 'failed',
    reason: 'the health check failed: 500',
  })
  expect(view?.runs).toBe(v1)
})

test('a host that was updated goes back too when a later one fails', async () => {
  const on = ground(['a', 'b'])
  on.apps.bad.add(`b/${v2}`)
  const { end } = await rollOut(on)
  expect(end.kind).toBe('rolled back')
  expect(on.active()).toEqual([v1, v1])
  expect(on.balancer.published).toEqual([['a'], [], ['b'], [], ['a'], []])
  expect((await on.look()).map(({ runs }) => runs)).toEqual([v1, v1])
})

test('a release that was well here before is not called bad when it cannot be gone back to', async () => {
  const on = ground(['a', 'b'])
  on.apps.bad.add(v2)
  const { end } = await rollOut(on, {
    meanwhile: (report) => {
      if (isStep(report, 'activate', 'a') && report.type === 'step' && report.back) on.apps.bad.add(`a/${v1}`)
    },
  })
  expect(end.hosts).toMatchObject([
    { host: 'a', state: 'lost' },
    { host: 'b', state: 'serving', release: v1 },
  ])
  expect(on.balancer.out).toEqual(['a'])
  const [view] = await on.look()
  expect(view?.inspection.manifests.find(({ id }) => id === v1)?.state).not.toBe('failed')
})

test('interrupted in the middle, the host under way is finished and no other one begun', async () => {
  const on = ground(['a', 'b', 'c'])
  const { end } = await rollOut(on, {
    meanwhile: (report, interrupt) => {
      if (isStep(report, 'reload', 'b')) interrupt()
    },
  })
  expect(end.kind).toBe('interrupted')
  expect(on.active()).toEqual([v2, v2, v1])
  expect(on.balancer.out).toEqual([])
})

test('when the only other host dies during the drain, the one that drains is put back unchanged, at once', async () => {
  const on = ground(['a', 'b'])
  on.balancer.requests.set('a', 1)
  const { end } = await rollOut(on, {
    meanwhile: (report) => {
      if (report.type !== 'waiting' || report.step !== 'drain') return
      on.apps.of('b').isDown = true
      on.fleet.clock.advance(1_000)
    },
  })
  expect(on.balancer.published.slice(0, 2)).toEqual([['a'], []])
  expect(on.apps.of('a').reloads).toBe(0)
  // Then whoever does not serve has its turn; this one cannot be reached.
  expect(on.balancer.published.slice(2)).toEqual([['b']])
  expect(end.hosts).toMatchObject([
    { host: 'a', state: 'serving', release: v1 },
    { host: 'b', state: 'lost' },
  ])
})

test('requests that do not end put the host back, or are cut off where the configuration says so', async () => {
  const short = { ...times, drainTimeoutMs: 10 }
  const strict = ground(['a', 'b'], { times: short })
  strict.balancer.requests.set('a', 1)
  expect((await rollOut(strict)).end.kind).toBe('rolled back')
  expect(strict.apps.of('a').reloads).toBe(0)
  const lenient = ground(['a', 'b'], { times: short, onDrainTimeout: 'continue' })
  lenient.balancer.requests.set('a', 1)
  const { end, reports } = await rollOut(lenient)
  expect(end.kind).toBe('deployed')
  expect(reports).toContainEqual(
    expect.objectContaining({ type: 'note', host: 'a', text: expect.stringContaining('on-drain-timeout') }),
  )
})

test('a host that an operator took out gets the release, and stays out', async () => {
  const on = ground(['a', 'b', 'c'])
  on.balancer.out = ['b']
  const { end, outMs } = await rollOut(on)
  expect(end.kind).toBe('deployed')
  expect(on.active()).toEqual([v2, v2, v2])
  expect(on.balancer.out).toEqual(['b'])
  expect(on.balancer.ours).toEqual([])
  expect(Object.keys(outMs)).toEqual(['a', 'c'])
})

test('a balancer that does not answer for a moment stops nothing', async () => {
  const on = ground(['a', 'b'])
  let silent = 0
  const { balancer } = on.fleet
  const flaky = {
    ...balancer,
    observe: async () => {
      silent += 1
      if (silent % 2 === 0) throw new UserError('balancer', 'it does not answer')
      return balancer.observe()
    },
  }
  const { end } = await rollOut({ ...on, fleet: { ...on.fleet, balancer: flaky } })
  expect(end.kind).toBe('deployed')
})

test('a deploy that lost its lock changes no host any more', async () => {
  const on = ground(['a', 'b'])
  const guarded = () => Promise.reject(new UserError('locked', 'a is being deployed to by bob@ci'))
  const { end } = await rollOut(on, { lock: { ...ours, guarded } })
  expect(end.kind).toBe('incomplete')
  expect(on.active()).toEqual([v1, v1])
  expect([on.apps.of('a').reloads, on.apps.of('b').reloads]).toEqual([0, 0])
})

test('the state of a release is noted before it is activated, and when it is verified', async () => {
  const on = ground(['a', 'b'])
  const [a] = on.fleet.machines
  const noted = (): unknown => JSON.parse(readFileSync(`${a?.layout.manifests}/${v2}.json`, 'utf8'))
  const states: unknown[] = []
  await rollOut(on, {
    meanwhile: (report) => {
      if (isStep(report, 'reload', 'a')) states.push(noted())
    },
  })
  expect(states).toEqual([{ ...manifest(v2), state: 'activated', activatedAt: expect.any(String) }])
  const verified = { verifiedAt: expect.any(String), verifiedBy: 'ada@laptop' }
  expect(noted()).toEqual({ ...manifest(v2), activatedAt: expect.any(String), ...verified })
})

test('a mistake of ours ends the loop with that mistake', async () => {
  const on = ground(['a', 'b'])
  const start = planRollout(on.fleet, await on.look(), {
    goal: v2,
    policy: {
      batches: ['a', 'b'].map((host) => ({ hosts: [host], pause: false })),
      minServing: 1,
      soak: false,
      onFailure: 'rollback',
    },
    view: await on.fleet.balancer.observe(),
  })
  const rolling = roll(start, {
    fleet: on.fleet,
    perform: () => Promise.reject(new TypeError('x is not a function')),
    onEvent: () => undefined,
    onInterrupt: () => undefined,
  })
  await expect(rolling).rejects.toThrow(TypeError)
})
