/** A host without scripts: only the fakes of the ports know what machine it is. */
import type { Host } from '../../../src/hosts/host.ts'
import type { Fence } from './errand.ts'
import type { Seat } from './seat.ts'
import type { Box } from './world.ts'

/** A machine, for one deployer, under its lock or not. */
export interface At {
  readonly seat: Seat
  readonly box: Box
  readonly fence: Fence | null
}

export interface Hosts {
  readonly hostOf: (at: At) => Host
  readonly at: (host: Host) => At
}

export function createHosts(): Hosts {
  const known = new WeakMap<Host, At>()
  return {
    hostOf: (at) => {
      const host = scriptless(at.box.name)
      known.set(host, at)
      return host
    },
    at: (host) => {
      const at = known.get(host)
      if (at === undefined) throw new Error(`${host.name} is no host of this simulation`)
      return at
    },
  }
}

function scriptless(name: string): Host {
  const refuse = (): Promise<never> => Promise.reject(new Error(`${name} is imagined: it runs no scripts`))
  return { name, address: name, run: refuse, hold: refuse, close: async () => {} }
}
