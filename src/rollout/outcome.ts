import { atStart, isServing } from './fleet.ts'
import type { HostOutcome, Outcome, OutcomeKind, Progress, Rollout } from './model.ts'

/** What is so in the end, host by host, by what was verified and by the last look. */
export function outcome(rollout: Rollout): Outcome {
  const hosts = rollout.fleet.map((progress) => hostOutcome(rollout, progress))
  return { kind: kindOf(rollout, hosts), hosts, failure: rollout.failure ?? rollout.interrupted }
}

function hostOutcome(rollout: Rollout, progress: Progress): HostOutcome {
  const { host, verified, reason } = progress
  return { host, release: verified, state: stateOf(rollout, progress), reason }
}

function stateOf(rollout: Rollout, { host, at, touched }: Progress): HostOutcome['state'] {
  if (at === 'lost' || at === 'unknown' || at === 'stopped') return at
  if (rollout.blind) return 'unknown'
  const isHealthy = rollout.observed.healthy.includes(host)
  if (rollout.observed.byHand.includes(host)) return isHealthy ? 'out by hand' : 'not serving'
  return isServing(rollout.observed, host) && !touched ? 'serving' : 'not serving'
}

function kindOf(rollout: Rollout, hosts: readonly HostOutcome[]): OutcomeKind {
  const { goal } = rollout.plan
  const isWell = ({ state }: HostOutcome) => state === 'serving' || state === 'out by hand'
  if (hosts.every((host) => isWell(host) && host.release === goal)) return rollout.changed ? 'deployed' : 'unchanged'
  const isEven = (host: HostOutcome) => isWell(host) || isAsItWas(rollout, host)
  if (rollout.interrupted !== null && rollout.failure === null)
    return hosts.every(isEven) ? 'interrupted' : 'incomplete'
  const isBack = (host: HostOutcome) =>
    isAsItWas(rollout, host) || (isWell(host) && host.release === atStart(rollout.plan, host.host).from)
  return hosts.every(isBack) ? 'rolled back' : 'incomplete'
}

/** Never moved, and no worse than before: a host that was down stays down, and that is not ours to report. */
function isAsItWas(rollout: Rollout, { host, state }: HostOutcome): boolean {
  const progress = rollout.fleet.find((candidate) => candidate.host === host)
  if (progress === undefined || progress.at !== 'waiting') return false
  return state === 'serving' || state === 'out by hand' || !rollout.servedAtStart.includes(host)
}
