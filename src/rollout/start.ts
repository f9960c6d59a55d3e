/** Where a rollout begins, by what was seen of hosts and balancer. */
import { atStart, isSeenServing } from './fleet.ts'
import type { Batch, HostName, Observation, Plan, Progress } from './model.ts'

/**
 * Groups with a host that is left out, if only by some machines of the balancer, go first, for they bring capacity (one that an operator left out brings none);
 * then those with one that does not serve, for they cost less. Else in the order of the configuration.
 */
export function batchesInOrder({ batches, skipped }: Plan, observed: Observation): readonly Batch[] {
  const rank = (batch: Batch): number => {
    const hosts = batch.hosts.filter((host) => !skipped.includes(host))
    const isLeftOut = (host: HostName): boolean => observed.out.includes(host) || observed.mixed.includes(host)
    if (hosts.some((host) => isLeftOut(host) && !observed.byHand.includes(host))) return 0
    return hosts.every((host) => isSeenServing(observed, host)) ? 2 : 1
  }
  return batches.toSorted((one, other) => rank(one) - rank(other))
}

/** Every host, in the order in which its turn comes; one that is skipped may be in no batch. */
export function fleetAtStart(plan: Plan, observed: Observation): readonly Progress[] {
  const hosts = new Set([...plan.batches.flatMap((batch) => batch.hosts), ...plan.skipped])
  return [...hosts].map((host) => placeAtStart(plan, observed, host))
}

function placeAtStart(plan: Plan, observed: Observation, host: HostName): Progress {
  const idle = { host, doing: null, touched: false, returning: false, alongside: [], recalls: 0, reason: null }
  if (plan.skipped.includes(host)) return { ...idle, target: null, at: 'skipped', verified: null }
  const { runs, from } = atStart(plan, host)
  if (runs !== plan.goal || !observed.healthy.includes(host))
    return { ...idle, target: from, at: 'waiting', verified: runs }
  const isInPlace = observed.byHand.includes(host) || !plan.rotation || isSeenServing(observed, host)
  return { ...idle, target: plan.goal, at: isInPlace ? 'settled' : 'verify', verified: runs }
}
