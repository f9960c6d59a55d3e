/** Which out sets an imagined balancer can be told: those that `setup` rendered a pool for. */
import type { HostName } from '../../../src/rollout/model.ts'
import type { World } from './world.ts'

/** Of a fleet in which each pool also exists with one more host. */
const oneMoreHostsMax = 12

/** Nobody; each host; each batch; and, in a small fleet, each of those with one more. Never everybody. */
export function hasPool({ hosts, batches }: World, out: readonly HostName[]): boolean {
  if (out.length === 0) return true
  if (out.length >= hosts.size) return false
  if (isSetOf(batches, out)) return true
  return hosts.size <= oneMoreHostsMax && out.some((_, index) => isSetOf(batches, out.toSpliced(index, 1)))
}

function isSetOf(batches: World['batches'], out: readonly HostName[]): boolean {
  return out.length <= 1 || batches.some((batch) => isSame(batch, out))
}

export function isSame(some: readonly HostName[], others: readonly HostName[]): boolean {
  return some.length === others.length && some.every((host) => others.includes(host))
}
