/** The ways back: what becomes of hosts, and of the rollout, when something fails or is interrupted. */
import { atStart, find, isUnderWay, mayGoBlind, move } from './fleet.ts'
import type { At, HostName, Progress, Rollout, Step } from './model.ts'
import { leaveSoak } from './soak.ts'

/** The first failure decides the direction; where going back is blocked as well, the rollout stops where it is. */
export function failRollout(rollout: Rollout, reason: string): Rollout {
  const direction = rollout.direction === 'forward' && rollout.plan.onFailure === 'rollback' ? 'back' : 'stop'
  const next = leaveSoak({ ...rollout, failure: rollout.failure ?? reason, direction, pausing: null })
  return next.fleet.reduce((state, { host }) => turnWhereDue(state, host), next)
}

/** Hosts that failed go back to the release they came from; where even that fails, they are left as they are. */
export function recover(
  rollout: Rollout,
  hosts: readonly HostName[],
  why: { readonly step: Step; readonly reason: string },
): Rollout {
  if (hosts.length === 0) return rollout
  // Their way is set first, so that a change of the rollout's direction finds them going back already.
  const next = hosts.reduce((state, host) => recoverHost(state, host, why), rollout)
  return noteFailure(next, `${hosts.join(', ')}: ${why.reason}`)
}

/** Failing on the way back does not keep the others from going back. */
export function noteFailure(rollout: Rollout, reason: string): Rollout {
  if (rollout.direction === 'forward') return failRollout(rollout, reason)
  return { ...rollout, failure: rollout.failure ?? reason }
}

function recoverHost(
  rollout: Rollout,
  host: HostName,
  { step, reason }: { readonly step: Step; readonly reason: string },
): Rollout {
  const progress = find(rollout, host)
  const { returning, verified } = progress
  if (returning) return abandon(rollout, host, reason)
  // It still answers somebody, so no process there may be touched, whatever release it is to go back to.
  if (step === 'drain' && isUntouchedOnItsWay(progress)) return recall(rollout, progress, reason)
  const isDoubted = step === 'verify' || step === 'soak'
  return turn(move(rollout, host, { verified: isDoubted ? null : verified }), host, reason)
}

/** `lost` only where the balancer was seen to leave it out: else it may still be asked, and nobody knows. */
export function abandon(rollout: Rollout, host: HostName, reason: string): Rollout {
  return move(rollout, host, { at: isSeenOut(rollout, host) ? 'lost' : 'unknown', reason, doing: null })
}

/** Nobody can be moved while the balancer cannot be seen. What waited for it is left as it is. */
export function stopBlind(rollout: Rollout, reason: string): Rollout {
  const needsSight: readonly At[] = ['put-back', 'take-out', 'activate', 'stop']
  const stuck = rollout.fleet.filter(
    (progress) => progress.doing === null && needsSight.includes(progress.at) && !mayGoBlind(rollout, progress),
  )
  const next = stuck.reduce((state, { host }) => move(state, host, { at: 'unknown', reason }), rollout)
  // Where nothing is left to do, going back would help nobody: it only cannot be said how it ended.
  const isAtRest = rollout.fleet.every((progress) => !isUnderWay(progress) && progress.at !== 'waiting')
  return isAtRest ? { ...next, failure: next.failure ?? reason, direction: 'stop' } : failRollout(next, reason)
}

/** After an interruption only hosts that were touched are finished; the others need not be waited for. */
export function recallUntouched(rollout: Rollout): Rollout {
  const reason = rollout.interrupted ?? 'interrupted'
  return rollout.fleet.filter(isUntouchedOnItsWay).reduce((state, progress) => recall(state, progress, reason), rollout)
}

/** Out, and nothing was changed on it. A drain only looks, so it may be abandoned. */
export function isUntouchedOnItsWay({ at, doing, touched, verified }: Progress): boolean {
  return !touched && verified !== null && (at === 'drain' || (at === 'activate' && doing === null))
}

/** Back into rotation with the release that it runs. */
export function recall(rollout: Rollout, { host, verified }: Progress, reason: string): Rollout {
  return move(rollout, host, { target: verified, at: 'verify', doing: null, returning: true, reason })
}

/** The fleet goes back, or no further, and this host is still on its way forward, between two steps. */
export function turnWhereDue(rollout: Rollout, host: HostName): Rollout {
  const progress = find(rollout, host)
  if (progress.doing !== null || progress.returning || !isUnderWay(progress)) return rollout
  const { from, canReturn } = atStart(rollout.plan, host)
  const hasWayBack = canReturn || (!progress.touched && progress.verified === from)
  if (rollout.direction === 'back' && from !== null && from !== progress.target && hasWayBack)
    return turn(rollout, host, rollout.failure ?? 'the fleet goes back')
  if (rollout.interrupted !== null && isUntouchedOnItsWay(progress))
    return recall(rollout, progress, rollout.interrupted)
  return rollout
}

/** Towards the release it came from, by the shortest way that is safe; towards none at all where it had none. */
function turn(rollout: Rollout, host: HostName, reason: string): Rollout {
  const { from } = atStart(rollout.plan, host)
  const progress = find(rollout, host)
  if (from !== null && !progress.touched && progress.verified === from) return recall(rollout, progress, reason)
  // Nothing of ours runs there, and what runs, if anything does, is not ours to stop.
  if (from === null && !progress.touched) return abandon(rollout, host, reason)
  const isOut = !rollout.plan.rotation || isSeenOut(rollout, host)
  const isDrained = progress.at !== 'take-out' && progress.at !== 'drain'
  const changing: At = from === null ? 'stop' : 'activate'
  const first: At = isDrained ? changing : 'drain'
  // Else start again at "take out": a step that reported failure may have happened all the same.
  return move(rollout, host, { target: from, at: isOut ? first : 'take-out', doing: null, returning: true, reason })
}

function isSeenOut(rollout: Rollout, host: HostName): boolean {
  const { at } = find(rollout, host)
  return rollout.observed.out.includes(host) && at !== 'put-back' && at !== 'confirm' && at !== 'soak'
}
