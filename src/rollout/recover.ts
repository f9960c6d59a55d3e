/** The ways back: what becomes of hosts, and of the rollout, when something fails or is interrupted. */
import { atStart, find, isServing, isUnderWay, move } from './fleet.ts'
import type { At, HostName, Progress, Rollout, Step } from './model.ts'

/** The first failure decides the direction; where going back is blocked as well, the rollout stops where it is. */
export function failRollout(rollout: Rollout, reason: string): Rollout {
  const direction = rollout.direction === 'forward' && rollout.plan.onFailure === 'rollback' ? 'back' : 'stop'
  const next: Rollout = { ...rollout, failure: rollout.failure ?? reason, direction }
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
  // Failing on the way back does not keep the others from going back.
  const failure = `${hosts.join(', ')}: ${why.reason}`
  return rollout.direction === 'forward' ? failRollout(next, failure) : { ...next, failure: next.failure ?? failure }
}

function recoverHost(
  rollout: Rollout,
  host: HostName,
  { step, reason }: { readonly step: Step; readonly reason: string },
): Rollout {
  const { returning, verified } = find(rollout, host)
  if (returning) return abandon(rollout, host, reason)
  return turn(move(rollout, host, { verified: step === 'verify' ? null : verified }), host, reason)
}

/** `lost` only where the balancer was seen to leave it out: else it may still be asked, and nobody knows. */
export function abandon(rollout: Rollout, host: HostName, reason: string): Rollout {
  return move(rollout, host, { at: isSeenOut(rollout, host) ? 'lost' : 'unknown', reason, doing: null })
}

/** Nobody can be moved while the balancer cannot be seen. What waited for it is left as it is. */
export function stopBlind(rollout: Rollout, reason: string): Rollout {
  const stuck = rollout.fleet.filter(({ at, doing, returning }) => {
    if (doing !== null) return false
    return at === 'put-back' || at === 'take-out' || (at === 'activate' && !returning)
  })
  const next = stuck.reduce((state, { host }) => move(state, host, { at: 'unknown', reason }), rollout)
  // Where nothing is left to do, going back would help nobody: it only cannot be said how it ended.
  const isAtRest = rollout.fleet.every((progress) => !isUnderWay(progress) && progress.at !== 'waiting')
  return isAtRest ? { ...next, failure: next.failure ?? reason, direction: 'stop' } : failRollout(next, reason)
}

/** What a look tells beside numbers: who was put in by somebody else, who fell ill, and who is needed back. */
export function noticeObserved(rollout: Rollout): Rollout {
  return recallWhereShort(doubtVerified(takeOutAgain(rollout)))
}

/** Somebody put a host in that is out and about to be touched: it has to be taken out, and drained, anew. */
function takeOutAgain(rollout: Rollout): Rollout {
  const isIn = ({ host, at }: Progress): boolean =>
    (at === 'drain' || at === 'activate') && !rollout.observed.out.includes(host)
  const hosts = rollout.plan.rotation
    ? rollout.fleet.filter((progress) => isIn(progress) && !isBeingActivated(progress))
    : []
  return hosts.reduce((state, { host }) => move(state, host, { at: 'take-out', doing: null }), rollout)
}

function isBeingActivated({ at, doing }: Progress): boolean {
  return at === 'activate' && doing !== null
}

/** Verified before, and ill now: the verification holds no more, however long ago it was. */
function doubtVerified(rollout: Rollout): Rollout {
  const isOnGoal = ({ at, target }: Progress): boolean =>
    at === 'settled' && target === rollout.plan.goal && rollout.direction === 'forward'
  const ill = rollout.fleet.filter((progress) => {
    if (progress.doing !== null || rollout.observed.healthy.includes(progress.host)) return false
    return progress.at === 'put-back' || isOnGoal(progress)
  })
  const hosts = ill.map(({ host }) => host)
  return recover(rollout, hosts, { step: 'verify', reason: 'was verified, and does not answer healthily any more' })
}

/** A host that served died while another is out and not yet activated: that one comes back at once. */
function recallWhereShort(rollout: Rollout): Rollout {
  const died = (host: HostName): boolean => !isServing(rollout.observed, host)
  const hosts = rollout.fleet.filter((progress) => isUntouchedOnItsWay(progress) && progress.alongside.some(died))
  if (hosts.length === 0) return rollout
  const dead = [...new Set(hosts.flatMap(({ alongside }) => alongside.filter(died)))]
  const reason = `${dead.join(', ')} served, and does not any more`
  return failRollout(
    hosts.reduce((state, progress) => recall(state, progress, reason), rollout),
    reason,
  )
}

/** After an interruption only hosts that were touched are finished; the others need not be waited for. */
export function recallUntouched(rollout: Rollout): Rollout {
  const reason = rollout.interrupted ?? 'interrupted'
  return rollout.fleet.filter(isUntouchedOnItsWay).reduce((state, progress) => recall(state, progress, reason), rollout)
}

/** Out, and nothing was changed on it. A drain only looks, so it may be abandoned. */
function isUntouchedOnItsWay({ at, doing, touched, verified }: Progress): boolean {
  return !touched && verified !== null && (at === 'drain' || (at === 'activate' && doing === null))
}

/** Back into rotation with the release that it runs. */
function recall(rollout: Rollout, { host, verified }: Progress, reason: string): Rollout {
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
  const isOut = !rollout.plan.rotation || isSeenOut(rollout, host)
  const first: At = from === null ? 'stop' : 'activate'
  // Else start again at "take out": a step that reported failure may have happened all the same.
  return move(rollout, host, { target: from, at: isOut ? first : 'take-out', doing: null, returning: true, reason })
}

function isSeenOut(rollout: Rollout, host: HostName): boolean {
  const { at } = find(rollout, host)
  return rollout.observed.out.includes(host) && at !== 'put-back' && at !== 'confirm'
}
