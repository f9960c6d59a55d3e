/** Questions about a rollout that several files ask, and the one way to change a host's progress. */
import type { HostAtStart, HostName, Observation, Plan, Progress, ReleaseId, Rollout } from './model.ts'

export function atStart(plan: Plan, host: HostName): HostAtStart {
  const found = plan.hosts.find((candidate) => candidate.host === host)
  if (found === undefined) throw new Error(`${host} is not in the plan`)
  return found
}

/** In rotation at every machine of the balancer, and healthy when last asked. */
export function isSeenServing({ out, mixed, healthy }: Observation, host: HostName): boolean {
  return healthy.includes(host) && !out.includes(host) && !mixed.includes(host)
}

/** Nobody counts on a host that is skipped, or of which nobody knows what it does: whatever its health says. */
export function isServing(rollout: Rollout, host: HostName): boolean {
  return mayServe(find(rollout, host)) && isSeenServing(rollout.observed, host)
}

export function servingHosts({ fleet, observed }: Rollout): readonly HostName[] {
  const serving = fleet.filter((progress) => mayServe(progress) && isSeenServing(observed, progress.host))
  return serving.map(({ host }) => host)
}

function mayServe({ at }: Progress): boolean {
  return at !== 'unknown' && at !== 'skipped'
}

export function servingCount(rollout: Rollout): number {
  return servingHosts(rollout).length
}

/** An `unknown` host is not: nobody knows that it is out, so its processes are not touched any more. */
export function isUnderWay({ at, doing }: Progress): boolean {
  if (doing !== null) return true
  switch (at) {
    case 'waiting':
    case 'settled':
    case 'stopped':
    case 'lost':
    case 'unknown':
    case 'skipped':
      return false
    case 'take-out':
    case 'drain':
    case 'activate':
    case 'reload':
    case 'verify':
    case 'put-back':
    case 'confirm':
    case 'soak':
    case 'stop':
      return true
  }
}

/** A balancer that does not answer keeps nobody from going back who was seen out before. */
export function mayGoBlind({ blind, plan, observed }: Rollout, { host, at, returning }: Progress): boolean {
  if (!blind || !returning || (at !== 'activate' && at !== 'stop')) return false
  return !plan.rotation || observed.out.includes(host)
}

/** Where the rollout, in its present direction, wants this host to be; its own place where it wants nothing of it. */
export function goalOf({ plan, direction }: Rollout, progress: Progress): ReleaseId | null {
  const { from } = atStart(plan, progress.host)
  switch (direction) {
    case 'forward':
      return plan.goal
    case 'back':
      return from ?? progress.target
    case 'stop':
      return progress.target
  }
}

/** Not under way, and not where the rollout wants it. */
export function isPending(rollout: Rollout, progress: Progress): boolean {
  if (isUnderWay(progress)) return false
  switch (rollout.direction) {
    case 'forward':
      return progress.at === 'waiting'
    case 'back':
      return isToBeReturned(rollout, progress)
    case 'stop':
      return false
  }
}

/** Updated by this rollout, or left out of rotation by one that was cut off. */
function isToBeReturned(rollout: Rollout, progress: Progress): boolean {
  if (progress.at !== 'settled' && progress.at !== 'waiting') return false
  const { from, canReturn } = atStart(rollout.plan, progress.host)
  if (from === null) return false
  if (progress.at === 'settled') return canReturn && progress.target !== from
  const leftOut = rollout.observed.out.includes(progress.host) || rollout.observed.mixed.includes(progress.host)
  return leftOut && !rollout.observed.byHand.includes(progress.host)
}

export function find(rollout: Rollout, host: HostName): Progress {
  const progress = rollout.fleet.find((candidate) => candidate.host === host)
  if (progress === undefined) throw new Error(`${host} is not in this rollout`)
  return progress
}

export function move(rollout: Rollout, host: HostName, change: Partial<Progress>): Rollout {
  const index = rollout.fleet.findIndex((progress) => progress.host === host)
  const progress = rollout.fleet[index]
  return progress === undefined ? rollout : { ...rollout, fleet: rollout.fleet.with(index, { ...progress, ...change }) }
}

/** On its target, and where it belongs. What was being done to it is abandoned. */
export function settle(rollout: Rollout, host: HostName): Rollout {
  return move(rollout, host, { at: 'settled', doing: null, touched: false, returning: false })
}
