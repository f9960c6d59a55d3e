import { atStart, isSeenServing } from './fleet.ts'
import type { HostOutcome, Outcome, OutcomeKind, Progress, Rollout } from './model.ts'

/** What is so in the end, host by host, by what was verified and by the last look. */
export function outcome(rollout: Rollout): Outcome {
  const hosts = rollout.fleet.map((progress) => hostOutcome(rollout, progress))
  return { kind: kindOf(rollout, hosts), hosts, failure: rollout.failure ?? rollout.interrupted }
}

function hostOutcome(rollout: Rollout, progress: Progress): HostOutcome {
  const { host, verified } = progress
  const reason = isSkippedAndIn(rollout, progress) ? 'is skipped, and not left out of rotation' : progress.reason
  return { host, release: verified, state: stateOf(rollout, progress), reason }
}

function isSkippedAndIn({ plan, observed }: Rollout, { host, at }: Progress): boolean {
  return at === 'skipped' && plan.balanced && (!observed.out.includes(host) || observed.mixed.includes(host))
}

function stateOf(rollout: Rollout, { host, at, touched }: Progress): HostOutcome['state'] {
  const { observed, blind } = rollout
  if (at === 'unknown' || at === 'stopped' || at === 'skipped') return at
  // Whoever puts a lost host in takes it that it is lost: it may be asked now, and nobody knows.
  if (at === 'lost') return observed.out.includes(host) ? 'lost' : 'unknown'
  if (blind) return 'unknown'
  const isHealthy = observed.healthy.includes(host)
  if (observed.byHand.includes(host)) return isHealthy ? 'out by hand' : 'not serving'
  return isSeenServing(observed, host) && !touched ? 'serving' : 'not serving'
}

/** Judged by those that are not skipped; but a skipped one that is in rotation after all is no success. */
function kindOf(rollout: Rollout, all: readonly HostOutcome[]): OutcomeKind {
  const { goal } = rollout.plan
  const hosts = all.filter(({ state }) => state !== 'skipped')
  const isLeftOut = hosts.length > 0 && !rollout.fleet.some((progress) => isSkippedAndIn(rollout, progress))
  const isWell = ({ state }: HostOutcome) => state === 'serving' || state === 'out by hand'
  if (isLeftOut && hosts.every((host) => isWell(host) && host.release === goal))
    return rollout.changed ? 'deployed' : 'unchanged'
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
