import { expect, test } from 'vitest'
import { observe } from '../../src/engine/observe.ts'
import { UserError } from '../../src/errors.ts'
import { fakeBalancer, fakeState } from '../balancers/fake-balancer.ts'
import { apps, fleet, machine, process } from './fakes.ts'

function two() {
  const running = apps()
  const machines = ['a', 'b'].map((name) => machine(name))
  for (const { name } of machines) running.of(name).processes = [process()]
  const state = fakeState(['a', 'b'])
  const on = fleet({
    machines,
    balancer: fakeBalancer(state),
    health: running.health,
    processesOf: (_, each) => running.processes(each),
  })
  return { on, running, state }
}

const bothWell = { out: [], mixed: [], byHand: [], healthy: ['a', 'b'], unheard: [] }

test('what balancer and hosts say now is told, not what was so before', async () => {
  const { on, running, state } = two()
  state.out = ['a']
  running.of('b').isDown = true
  expect(await observe(on, bothWell)).toEqual({ out: ['a'], mixed: [], byHand: ['a'], healthy: ['a'], unheard: [] })
})

test('a host that was well is asked again before it counts as ill; one that was ill is not waited for', async () => {
  const { on } = two()
  const asked = new Map<string, number>()
  const health = {
    check: async ({ name }: { readonly name: string }) => {
      asked.set(name, (asked.get(name) ?? 0) + 1)
      return { healthy: asked.get(name) === 2, detail: '' }
    },
  }
  const seen = await observe({ ...on, health }, { ...bothWell, healthy: ['a'], unheard: [] })
  expect(seen.healthy).toEqual(['a'])
  expect([...asked]).toEqual([
    ['a', 2],
    ['b', 1],
  ])
})

test('a host that cannot be asked is not healthy', async () => {
  const { on } = two()
  const health = { check: () => Promise.reject(new UserError('host-unreachable', 'no route')) }
  expect((await observe({ ...on, health }, bothWell)).healthy).toEqual([])
})

test('while no host is out, one that was well is waited for until the line to it is there again', async () => {
  const { on } = two()
  const backMs = on.clock.now() + 20_000
  const health = {
    check: async ({ name }: { readonly name: string }) => {
      if (name === 'a' && on.clock.now() < backMs) throw new UserError('host-unreachable', 'no route')
      return { healthy: true, detail: '' }
    },
  }
  const asked = { ...on, health }
  expect(await observe(asked, bothWell, 'hurried')).toMatchObject({ healthy: ['b'], unheard: ['a'] })
  expect(on.clock.now()).toBeLessThan(backMs)
  expect(await observe(asked, bothWell, 'unhurried')).toMatchObject({ healthy: ['a', 'b'], unheard: [] })
})

test('a balancer that stays silent is an error, after it was asked again', async () => {
  const { on, state } = two()
  state.broken = 'it does not answer'
  const startedMs = on.clock.now()
  await expect(observe(on, bothWell)).rejects.toMatchObject({ code: 'balancer' })
  expect(on.clock.now()).toBeGreaterThan(startedMs)
})

test('without a health check, running processes have to do', async () => {
  const { on, running } = two()
  running.of('a').processes = [process({ status: 'errored' })]
  expect((await observe({ ...on, health: null }, bothWell)).healthy).toEqual(['b'])
})
