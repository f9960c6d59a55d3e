/** Somebody who runs a deploy, on some machine. It can die at any moment, and is then never heard of again. */
import type { Clock } from '../../../src/engine/clock.ts'
import type { Timeline } from '../clock/timeline.ts'
import { fate } from './change.ts'
import { forget, type Seat } from './seat.ts'
import { happen, type World } from './world.ts'

export interface Deployer {
  readonly name: string
  life: 'alive' | 'dead'
  /** Its connections, one a machine. */
  readonly seats: Map<string, Seat>
}

export function createDeployer(name: string): Deployer {
  return { name, life: 'alive', seats: new Map() }
}

/** `killed`: its machine closes its connections. `cut off`: nobody does; the hosts miss its heartbeat. */
export function die(world: World, deployer: Deployer, how: 'killed' | 'cut off'): void {
  if (deployer.life === 'dead') return
  deployer.life = 'dead'
  happen(world, fate, { type: 'deployer-died', deployer: deployer.name })
  for (const seat of deployer.seats.values()) forget(seat, how)
}

export function clockOf(time: Timeline, deployer: Deployer): Clock {
  const whileAlive = (happen: () => void) => (): void => {
    if (deployer.life === 'alive') happen()
  }
  return {
    now: () => time.now(),
    sleep: (ms) => new Promise((resolve) => time.after(ms, whileAlive(resolve))),
    within: (ms, work) =>
      new Promise((resolve, reject) => {
        const callOff = time.after(
          ms,
          whileAlive(() => resolve(null)),
        )
        work.then(resolve, reject).finally(callOff)
      }),
    every: (ms, callback) => {
      let isStopped = false
      const again = whileAlive(() => {
        if (isStopped) return
        time.after(ms, again)
        callback()
      })
      time.after(ms, again)
      return () => {
        isStopped = true
      }
    },
  }
}
