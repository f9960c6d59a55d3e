/** One balancer that stands on several machines: what is published is published on each. */
import { UserError } from '../errors.ts'
import type { Balancer, BalancerView } from './balancer.ts'

/** Makes one of several. Out is what all of them leave out; what only some of them leave out is `mixed`. */
export function every(balancers: readonly Balancer[]): Balancer {
  return {
    machines: balancers.flatMap(({ machines }) => machines),
    locks: balancers.flatMap(({ locks }) => locks),
    canPublish: (out) => balancers.every((balancer) => balancer.canPublish(out)),
    preflight: async () => (await all(balancers, (balancer) => balancer.preflight())).flat(),
    observe: async () => combine(await all(balancers, (balancer) => balancer.observe())),
    publish: async (publication) => {
      await all(balancers, (balancer) => balancer.publish(publication))
    },
    drained: async (host, { onWaiting, ...limit }) => {
      const left = balancers.map(() => 0)
      await all(balancers, (balancer, index) =>
        balancer.drained(host, {
          ...limit,
          onWaiting: (connections) => {
            left[index] = connections
            onWaiting?.(left.reduce((sum, count) => sum + count, 0))
          },
        }),
      )
    },
    reaches: async (host, options) => {
      await all(balancers, (balancer) => balancer.reaches(host, options))
    },
  }
}

function combine(views: readonly BalancerView[]): BalancerView {
  const anywhere = [...new Set(views.flatMap(({ out, mixed }) => [...out, ...mixed]))]
  const out = anywhere.filter((host) => views.every((view) => view.out.includes(host)))
  return {
    out,
    mixed: anywhere.filter((host) => !out.includes(host)),
    byHand: anywhere.filter((host) => views.some((view) => view.byHand.includes(host))),
  }
}

/** Waits for each of them, also when one failed: a machine must not be left in the middle of a change, unheard. */
async function all<T>(
  balancers: readonly Balancer[],
  ask: (balancer: Balancer, index: number) => Promise<T>,
): Promise<readonly T[]> {
  const results = await Promise.allSettled(balancers.map(ask))
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
  const [first] = failures
  if (first === undefined) return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  if (failures.length === 1 || !(first instanceof UserError)) throw first
  const { code, hint, output } = first
  throw new UserError(code, failures.map((failure) => (failure instanceof Error ? failure.message : '')).join('; '), {
    ...(hint === undefined ? {} : { hint }),
    ...(output === undefined ? {} : { output }),
    cause: first,
  })
}
