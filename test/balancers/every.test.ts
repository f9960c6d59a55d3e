import { describe, expect, it } from 'vitest'
import { every } from '../../src/balancers/every.ts'
import { noBalancer } from '../../src/balancers/none.ts'
import { balancerContract } from './balancer-contract.ts'
import { cutLock, fakeBalancer, fakeState } from './fake-balancer.ts'

const two = () => [fakeState(['a', 'b', 'c']), fakeState(['a', 'b', 'c'])] as const

balancerContract('one balancer on two machines', async () => {
  const states = two()
  const [first] = states
  return {
    hosts: first.hosts,
    open: () => every(states.map(fakeBalancer)),
    byHand: async (out) => {
      for (const state of states) Object.assign(state, { out, ours: [] })
    },
    startRequest: async (host) => {
      first.requests.set(host, 1)
      return { finish: async () => void first.requests.delete(host) }
    },
    setHealthy: (host, isHealthy) => void (isHealthy ? first.unhealthy.delete(host) : first.unhealthy.add(host)),
    reset: async () => {
      for (const state of states) Object.assign(state, { out: [], ours: [] })
    },
    cut: async () => states.forEach(cutLock),
    close: async () => {},
  }
})

describe('one balancer on two machines', () => {
  it('says who is out on one of them only', async () => {
    const [first, second] = two()
    first.out = first.ours = ['a', 'b']
    second.out = ['b', 'c']
    second.ours = ['b']
    expect(await every([first, second].map(fakeBalancer)).observe()).toEqual({
      out: ['b'],
      mixed: ['a', 'c'],
      byHand: ['c'],
    })
  })

  it('tries each machine, also when another one failed, and names every failure', async () => {
    const [first, second] = two()
    first.broken = 'the first is gone'
    const publishing = every([first, second].map(fakeBalancer)).publish({ out: ['a'], byHand: [], by: 'x' })
    await expect(publishing).rejects.toMatchObject({ code: 'balancer', message: 'the first is gone' })
    expect(second.out).toEqual(['a'])
    second.broken = 'so is the second'
    await expect(every([first, second].map(fakeBalancer)).observe()).rejects.toThrow(
      'the first is gone; so is the second',
    )
  })
})

describe('no balancer', () => {
  it('leaves out nobody, and cannot be told to', async () => {
    const none = noBalancer()
    expect(none.locks).toEqual([])
    expect(none.canPublish([])).toBe(true)
    expect(none.canPublish(['a'])).toBe(false)
    await none.publish({ out: [], byHand: [], by: 'x' })
    await expect(none.publish({ out: ['a'], byHand: [], by: 'x' })).rejects.toMatchObject({ code: 'balancer' })
    expect(await none.observe()).toEqual({ out: [], mixed: [], byHand: [] })
  })
})
