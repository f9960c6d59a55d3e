/** No balancer: every host is always in rotation, and nothing can be taken out. */
import { UserError } from '../errors.ts'
import type { Balancer } from './balancer.ts'

/** A balancer that is none. Whoever uses it has to reload gracefully. */
export function noBalancer(): Balancer {
  return {
    machines: [],
    locks: [],
    canPublish: (out) => out.length === 0,
    preflight: async () => [],
    observe: async () => ({ out: [], mixed: [], byHand: [] }),
    publish: async ({ out }) => {
      if (out.length > 0) throw new UserError('balancer', `without a balancer ${out.join(', ')} cannot be taken out`)
    },
    drained: async () => {},
    reaches: async () => {},
  }
}
