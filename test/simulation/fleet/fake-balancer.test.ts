import { describe, expect, it } from 'vitest'
import { findOutSet, outSets } from '../../../src/balancers/pools.ts'
import { balancerContract } from '../../balancers/balancer-contract.ts'
import { realTime } from '../clock/real-time.ts'
import { virtualTime } from '../clock/timeline.ts'
import { random } from '../random.ts'
import { standOn } from './beginnings.ts'
import { createDeployer, type Deployer, die } from './deployer.ts'
import { portsFor } from './ports.ts'
import { leaveOutByHand } from './rotation.ts'
import { boxOf, createWorld } from './world.ts'

const speed = 5
const hosts = ['web-1', 'web-2', 'web-3']

for (const count of [1, 2])
  balancerContract(`a balancer of the simulation, on ${count} machines,`, async () => {
    const world = createWorld({ time: realTime(speed), dice: random(1), hosts, balancers: count })
    standOn(world, { id: '20261121031500-aaaaaaa', sha: 'a'.repeat(40) })
    const opened: Deployer[] = []
    return {
      hosts,
      open: () => {
        const deployer = createDeployer(`deployer ${opened.length + 1}`)
        opened.push(deployer)
        return portsFor(world, deployer).balancer
      },
      byHand: async (out) => {
        for (const each of world.balancers) leaveOutByHand(world, each, out)
      },
      startRequest: async (host) => {
        world.balancers[0]?.requests.set(host, [Number.POSITIVE_INFINITY])
        return { finish: async () => void world.balancers[0]?.requests.set(host, []) }
      },
      setHealthy: (host, isHealthy) => {
        for (const process of boxOf(world, host).app.processes) process.wellness = isHealthy ? 'well' : 'ill'
      },
      reset: async () => {
        for (const each of world.balancers) {
          each.out = each.ours = []
          each.requests.clear()
        }
      },
      cut: async () => {
        for (const deployer of opened) die(world, deployer, 'killed')
      },
      close: async () => {},
    }
  })

describe('a balancer of the simulation', () => {
  it.each([2, 3, 5, 12, 13])('has the same pools as a real one, with %i hosts', (count) => {
    const names = Array.from({ length: count }, (_, index) => `web-${index + 1}`)
    const batches = [names.slice(0, 2), names.slice(2)]
    const world = createWorld({ time: virtualTime(), dice: random(1), hosts: names, balancers: 1, batches })
    const { balancer } = portsFor(world, createDeployer('ada'))
    const sets = outSets({ members: names.map((name) => ({ name, server: `${name}:4000` })), batches })
    const dice = random(count)
    for (let tries = 0; tries < 500; tries++) {
      const share = dice.below(100) / 100
      const out = names.filter(() => dice.chance(share))
      expect(balancer.canPublish(out), out.join(' ')).toBe(findOutSet(sets, out) !== undefined)
    }
    for (const batch of batches) expect(balancer.canPublish(batch)).toBe(findOutSet(sets, batch) !== undefined)
  })
})
