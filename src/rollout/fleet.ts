/** Questions about a rollout that several files ask, and the one way to change a host's progress. */
import type { HostAtStart, HostName, Observation, Plan, Progress, ReleaseId, Rollout } from './model.ts'

export function atStart(plan: Plan, host: HostName): HostAtStart {
  const found = plan.hosts.find((candidate) => candidate.host === host)
  if (found === undefined) throw new Error(`${host} is not in the plan`)
  return found
}

/** In rotation at every machine of the balancer, and healthy when last asked. */
export function isServing({ out, mixed, healthy }: Observation, host: HostName): boolean {
  return healthy.includes(host) && !out.includes(host) && !mixed.includes(host)
}

export function servingCount(rollout: Rollout): number {
  return rollout.fleet.filter(({ host }) => isServing(rollout.observed, host)).length
}

export function isUnderWay({ at, doing }: Progress): boolean {
  if (doing !== null) return true
  return at !== 'waiting' && at !== 'settled' && at !== 'stopped' && at !== 'lost' && at !== 'unknown'
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
  const { from, canReturn } = atStart(rollout.plan, progress.host)
  if (from === null) return false
  if (progress.at === 'settled') return canReturn && progress.target !== from
  const leftOut = rollout.observed.out.includes(progress.host) || rollout.observed.mixed.includes(progress.host)
  return progress.at === 'waiting' && leftOut && !rollout.observed.byHand.includes(progress.host)
}

export function find(rollout: Rollout, host: HostName): Progress {
  const progress = rollout.fleet.find((candidate) => candidate.host === host)
  if (progress === undefined) throw new Error(`${host} is not in this rollout`)
  return progress
}

export function move(rollout: Rollout, host: HostName, change: Partial<Progress>): Rollout {
  const fleet = rollout.fleet.map((progress) => (progress.host === host ? { ...progress, ...change } : progress))
  return { ...rollout, fleet }
}
