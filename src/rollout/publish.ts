/** Which out sets the balancer is told, within what min-serving and the balancer allow. */
import { isSeenServing, isServing, isUnderWay, servingCount, servingHosts } from './fleet.ts'
import type { Action, HostName, Progress, Rollout } from './model.ts'

/** As many of them as may go at once: first those that are out already, then those that cost no capacity; null: not even one. */
export function takeOut(rollout: Rollout, batch: readonly Progress[]): Action | null {
  const costs = ({ host }: Progress): number => {
    if (rollout.observed.out.includes(host)) return 0
    return isServing(rollout, host) ? 2 : 1
  }
  const wanted = batch.toSorted((one, other) => costs(one) - costs(other))
  for (let count = wanted.length; count > 0; count--) {
    const hosts = names(wanted.slice(0, count))
    const out = firstPossible(rollout, (before) => union(before, hosts))
    if (out !== null && leavesEnough(rollout, hosts)) return { type: 'publish', step: 'take-out', hosts, out }
  }
  return null
}

export function putBack(rollout: Rollout, wanted: readonly Progress[]): Action | null {
  for (let count = wanted.length; count > 0; count--) {
    const hosts = names(wanted.slice(0, count))
    const out = firstPossible(rollout, (before) => before.filter((host) => !hosts.includes(host)))
    if (out !== null) return { type: 'publish', step: 'put-back', hosts, out }
  }
  return null
}

/** Before anything else, and whenever one is seen in rotation again: nobody knows what a skipped host would answer. */
export function leaveOutSkipped(rollout: Rollout): Action | null {
  const { plan, observed, direction, interrupted } = rollout
  if (!plan.balanced || direction !== 'forward' || interrupted !== null) return null
  const hosts = plan.skipped.filter((host) => !observed.out.includes(host) || observed.mixed.includes(host))
  if (hosts.length === 0) return null
  const out = firstPossible(rollout, (before) => before)
  if (out !== null && leavesEnough(rollout, hosts)) return { type: 'publish', step: 'take-out', hosts, out }
  // Whoever comes back meanwhile makes room for it.
  if (rollout.fleet.some(isUnderWay)) return null
  const why = noPool(union(observed.out, plan.skipped))
  return {
    type: 'give-up',
    hosts: [],
    reason: `${hosts.join(', ')}, which is to be skipped, cannot be left out: ${why}`,
  }
}

/** Promise 1. Hosts that do not serve cost no capacity. */
export function leavesEnough(rollout: Rollout, hosts: readonly HostName[]): boolean {
  const left = servingHosts(rollout).filter((host) => !hosts.includes(host)).length
  return left >= rollout.plan.minServing || !hosts.some((host) => isSeenServing(rollout.observed, host))
}

/** The next batch may not start. */
export function cannotStart(rollout: Rollout, next: readonly Progress[]): Action {
  return { type: 'give-up', hosts: [], reason: `${serving(rollout)}, and ${whyNot(rollout, next)}` }
}

/** These are under way, and can go nowhere. */
export function giveUp(rollout: Rollout, stuck: readonly Progress[]): Action {
  const hosts = names(stuck)
  return { type: 'give-up', hosts, reason: `${serving(rollout)}, and ${whyNot(rollout, stuck)}` }
}

/** Not even the first of them may be moved. */
function whyNot(rollout: Rollout, [first]: readonly Progress[]): string {
  const hosts = first === undefined ? [] : [first.host]
  if (rollout.observed.unheard.some((host) => hosts.includes(host)))
    return `${hosts.join(', ')} cannot be asked any more`
  if (leavesEnough(rollout, hosts)) return noPool(union(union(rollout.observed.out, rollout.plan.skipped), hosts))
  return `without ${hosts.join(', ')} it would be fewer than min-serving ${rollout.plan.minServing}`
}

function noPool(out: readonly HostName[]): string {
  return `the balancer has no pool that leaves out just ${out.join(', ')}`
}

/**
 * The out set after a change, with the skipped hosts in it; null: the balancer cannot. On the way back a skipped host
 * that could not be left out is no reason to leave the others where they are.
 */
function firstPossible(
  rollout: Rollout,
  change: (out: readonly HostName[]) => readonly HostName[],
): readonly HostName[] | null {
  const least = leastOut(rollout)
  const wanted = union(least, rollout.plan.skipped)
  const bases = rollout.direction === 'forward' ? [wanted] : [wanted, least]
  return bases.map(change).find((out) => mayPublish(rollout, out)) ?? null
}

/**
 * Who is out stays out. So does a host which only some machines of the balancer leave out, and on which nothing was
 * verified: else the next change would put it in at all of them.
 */
function leastOut({ observed, fleet }: Rollout): readonly HostName[] {
  const unverified = fleet.filter(({ host, verified }) => verified === null && observed.mixed.includes(host))
  return union(observed.out, names(unverified))
}

/** Promise 4 is not left to the balancer alone. */
function mayPublish({ plan, fleet }: Rollout, out: readonly HostName[]): boolean {
  return fleet.some(({ host }) => !out.includes(host)) && plan.canPublish(out)
}

function serving(rollout: Rollout): string {
  return `${servingCount(rollout)} of ${rollout.fleet.length} hosts serve`
}

function names(fleet: readonly Progress[]): readonly HostName[] {
  return fleet.map(({ host }) => host)
}

function union(some: readonly HostName[], more: readonly HostName[]): readonly HostName[] {
  return [...new Set([...some, ...more])]
}
