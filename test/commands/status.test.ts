import { describe, expect, test } from 'vitest'
import { noBalancer } from '../../src/balancers/none.ts'
import { seeLock, statusOf } from '../../src/commands/status.ts'
import type { Fleet } from '../../src/engine/fleet.ts'
import { UserError } from '../../src/errors.ts'
import type { Depot } from '../../src/hosts/depot.ts'
import { fakeBalancer, fakeState } from '../balancers/fake-balancer.ts'
import { machine, manifest, view } from '../engine/fakes.ts'

const since = '2026-11-21T03:15:00.000Z'
const ada = { token: 'of ada', by: 'ada@laptop', pid: 7, since, command: 'deploy production main' }
const pause = { token: ada.token, after: ['a', 'b'], since, until: '2026-11-21T04:15:00.000Z' }

async function said(...depots: readonly Partial<Depot>[]) {
  return (await seen(depots)).text
}

function seen(depots: readonly Partial<Depot>[], balancer: Fleet['balancer'] = noBalancer()) {
  const nothing: Partial<Depot> = { lockOwner: async () => null, paused: async () => null }
  const machines = depots.map((depot, index) => machine(`web-${index}`, undefined, { ...nothing, ...depot }))
  return seeLock({ environment: 'production', machines, balancer })
}

const locked: Partial<Depot> = { lockOwner: async () => ada }
const denied: Partial<Depot> = {
  lockOwner: () => Promise.reject(new UserError('host-command', 'web-0: the lock could not be read')),
}

describe('status says who deploys now', () => {
  const owner = 'ada@laptop (pid 7) since 2026-11-21T03:15:00.000Z: deploy production main'

  test('nobody, or whom the lock names', async () => {
    expect(await said({}, {})).toBe(null)
    expect(await said({}, locked)).toBe(owner)
  })

  test('and that it is paused, after which hosts, until when, and how to answer', async () => {
    expect(await said(locked, { ...locked, paused: async () => pause })).toBe(
      `${owner}; it is paused after a, b, and waits for a yes until 2026-11-21T04:15:00.000Z: ` +
        '`zdr-deploy production resume` or `zdr-deploy production abort`',
    )
  })

  test('but not that a deploy is paused which was killed', async () => {
    expect(await said({ paused: async () => pause })).toBe(null)
    expect(await said({ ...locked, paused: async () => ({ ...pause, token: 'of another' }) })).toBe(owner)
  })

  test('what could not be read is not taken for nobody', async () => {
    expect(await said(denied, locked)).toBe(owner)
    expect(await said(denied, {})).toBe(
      'it is not known whether a deploy is under way: web-0: the lock could not be read',
    )
    expect(await seen([denied, {}])).toMatchObject({ underWay: 'unknown' })
    expect(await said()).toBe('it is not known whether a deploy is under way: no machine could be asked')
  })

  test('by the lock of the balancer as well', async () => {
    const balancer = fakeBalancer(fakeState(['web-0']))
    expect(await seen([{}], balancer)).toEqual({ underWay: 'no', text: null })
    await balancer.locks[0]?.lock(ada, { isAgain: false })
    expect(await seen([denied], balancer)).toEqual({ underWay: 'yes', text: owner })
  })
})

test('a host that a deploy left out is told to come back by the next one', () => {
  const out = { out: ['a'], mixed: [], byHand: [] }
  expect(statusOf(view({ host: 'a' }), { rotation: out, cutOff: null, underWay: 'no' }).attention).toContain(
    'left out of rotation by a deploy: the next one brings it up to date, and puts it back',
  )
  expect(
    statusOf(view({ host: 'a' }), { rotation: { ...out, byHand: ['a'] }, cutOff: null, underWay: 'no' }).rotation,
  ).toBe('out by hand')
})

test('a host on which a deploy was cut off is to be looked at, with what it left there', () => {
  const id = '20261102000000-2222222'
  const left = view({ current: { kind: 'release', id }, manifests: [manifest(id, { state: 'activated' })] })
  const { attention } = statusOf(left, { rotation: 'none', cutOff: null, underWay: 'no' })
  expect(attention).toContain(`current leads to ${id}, which was not verified here`)
})

test('a host that is out while a deploy is under way is not said to wait for the next one', () => {
  const out = { out: ['a'], mixed: [], byHand: [] }
  const { attention } = statusOf(view({ host: 'a', runs: 'v1' }), { rotation: out, cutOff: null, underWay: 'yes' })
  expect(attention).toEqual(['out of rotation while a deploy is under way'])
  const unsure = statusOf(view({ host: 'a', runs: 'v1' }), { rotation: out, cutOff: null, underWay: 'unknown' })
  expect(unsure.attention).toEqual(['out of rotation, by a deploy that is under way or by one that left it out'])
})

test('that a release was not deployed everywhere is said only where nothing else says so', () => {
  const id = '20261102000000-2222222'
  const beside = { rotation: 'none', cutOff: null, underWay: 'no' } as const
  const only = `${id} was not deployed on every host`
  const on = (state: 'verified' | 'activated') =>
    view({ current: { kind: 'release', id }, manifests: [manifest(id, { state })], runs: id })
  expect(statusOf(on('verified'), beside).attention).toEqual([only])
  expect(statusOf(on('activated'), beside).attention).not.toContain(only)
})
