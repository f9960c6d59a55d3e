import { describe, expect, test } from 'vitest'
import type { Batch, HostAtStart, Plan } from '../../src/rollout/model.ts'
import { rehearse } from '../../src/rollout/rehearse.ts'

const hosts = ['a', 'b', 'c']
const everybody = { out: [], mixed: [], byHand: [], healthy: hosts, unheard: [] }

/** Without a pause after any of them. */
function batches(...groups: readonly (readonly string[])[]): readonly Batch[] {
  return groups.map((each) => ({ hosts: each, pause: false }))
}

function plan(change: Partial<Plan> = {}, host: Partial<HostAtStart> = {}): Plan {
  return {
    goal: 'new',
    batches: batches(['a', 'b'], ['c']),
    hosts: hosts.map((name) => ({ host: name, from: 'old', canReturn: true, runs: 'old', ...host })),
    minServing: 1,
    onFailure: 'rollback',
    rotation: true,
    balanced: true,
    canPublish: (out) => out.length < hosts.length,
    soak: false,
    skipped: [],
    ...change,
  }
}

describe('a rehearsal', () => {
  test('tells who would be out together, in order', () => {
    expect(rehearse(plan(), everybody)).toMatchObject({
      outcome: { kind: 'deployed' },
      batches: batches(['a', 'b'], ['c']),
    })
  })
  test('takes fewer out at once where min-serving says so', () => {
    expect(rehearse(plan({ minServing: 2 }), everybody).batches).toEqual(batches(['a'], ['b'], ['c']))
  })
  test('says that nothing would be done', () => {
    expect(rehearse(plan({}, { runs: 'new' }), everybody)).toMatchObject({
      outcome: { kind: 'unchanged' },
      batches: [],
    })
  })
  test('says that it could not come to its end where too few serve', () => {
    expect(rehearse(plan({ minServing: 3 }), everybody).outcome).toMatchObject({
      kind: 'rolled back',
      failure: expect.stringContaining('min-serving 3'),
    })
  })
  test('says so where the balancer has no pool for it', () => {
    expect(rehearse(plan({ canPublish: () => false }), everybody).outcome.kind).not.toBe('deployed')
  })
  test('counts on a host that is down, out, or left out by some machines of the balancer only: it is mended on the way', () => {
    const hurt = [
      { ...everybody, healthy: ['a', 'b'], unheard: [] },
      { ...everybody, out: ['c'] },
      { ...everybody, mixed: ['c'] },
    ]
    for (const observed of hurt)
      expect(rehearse(plan(), observed)).toMatchObject({
        outcome: { kind: 'deployed' },
        batches: batches(['c'], ['a', 'b']),
      })
  })
  test('names one host at a time where there is no balancer', () => {
    const alone = plan({ rotation: false, batches: batches(...hosts.map((host) => [host])) })
    expect(rehearse(alone, everybody).batches).toEqual(batches(['a'], ['b'], ['c']))
  })
  test('says after whom somebody is asked, and only where there is something left to be asked about', () => {
    const paused = batches(['a'], ['b'], ['c']).map((batch) => ({ ...batch, pause: true }))
    expect(rehearse(plan({ batches: paused }), everybody).batches).toEqual([
      { hosts: ['a'], pause: true },
      { hosts: ['b'], pause: true },
      { hosts: ['c'], pause: false },
    ])
  })
  test('does not count on a host that is skipped, whatever its health says', () => {
    const alone = plan({ rotation: false, minServing: 2, skipped: ['c'] })
    expect(rehearse(alone, everybody).outcome.kind).toBe('rolled back')
  })
  test('does not name a host that is skipped', () => {
    const without = { ...everybody, healthy: ['a', 'b'], unheard: [] }
    expect(rehearse(plan({ skipped: ['c'] }), without).batches).toEqual(batches(['a'], ['b']))
  })
})
