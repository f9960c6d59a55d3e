/** What a look changes: who was put in or left out by somebody else, who fell ill, and who is needed back. */
import { isServing, move, settle } from './fleet.ts'
import type { HostName, Progress, Rollout } from './model.ts'
import { isUntouchedOnItsWay, noteFailure, recall, recover } from './recover.ts'

/** What a look tells beside numbers: who was put in by somebody else, who fell ill, and who is needed back. */
export function noticeObserved(rollout: Rollout): Rollout {
  return recallWhereShort(doubtVerified(leaveToOperator(takeOutAgain(rollout))))
}

/** Somebody put a host in that is out and about to be touched: it has to be taken out, and drained, anew. */
function takeOutAgain(rollout: Rollout): Rollout {
  if (!rollout.plan.rotation) return rollout
  const hosts = rollout.fleet.filter(
    (progress) => isAboutToBeTouched(progress) && !rollout.observed.out.includes(progress.host),
  )
  return hosts.reduce((state, { host }) => move(state, host, { at: 'take-out', doing: null }), rollout)
}

/** A drain only looks, so it may be abandoned; what touches a host already is not. */
function isAboutToBeTouched({ at, doing }: Progress): boolean {
  if (at === 'drain') return true
  return doing === null && (at === 'activate' || at === 'reload' || at === 'stop')
}

/** An operator left it out meanwhile: it has the release, and stays out. */
function leaveToOperator(rollout: Rollout): Rollout {
  const left = rollout.fleet.filter(
    ({ host, at, doing }) => at === 'put-back' && doing === null && rollout.observed.byHand.includes(host),
  )
  return left.reduce((state, { host }) => settle(state, host), rollout)
}

/** Verified before, and ill now: the verification holds no more, however long ago it was. */
function doubtVerified(rollout: Rollout): Rollout {
  const isOnGoal = ({ at, target }: Progress): boolean =>
    at === 'settled' && target === rollout.plan.goal && rollout.direction === 'forward'
  const { healthy, unheard } = rollout.observed
  const ill = rollout.fleet.filter((progress) => {
    if (progress.doing !== null || healthy.includes(progress.host)) return false
    // A line that is down says nothing against the release; but nobody is put back who cannot be asked.
    return progress.at === 'put-back' || (isOnGoal(progress) && !unheard.includes(progress.host))
  })
  const hosts = ill.map(({ host }) => host)
  return recover(rollout, hosts, { step: 'verify', reason: 'was verified, and does not answer healthily any more' })
}

/** So often a host comes back for another's sake and is tried again. Then it is a failure: they do not stay up. */
const recallsMax = 3

/**
 * A host that served died while another is out and not yet activated: that one comes back at once, and is tried again
 * once whoever does not serve had its turn. (What cures a fleet that falls ill again and again is its next release.)
 */
function recallWhereShort(rollout: Rollout): Rollout {
  const died = (host: HostName): boolean => !isServing(rollout, host)
  const hosts = rollout.fleet.filter((progress) => isUntouchedOnItsWay(progress) && progress.alongside.some(died))
  if (hosts.length === 0) return rollout
  const dead = [...new Set(hosts.flatMap(({ alongside }) => alongside.filter(died)))]
  const reason = `${dead.join(', ')} served, and does not any more`
  const recalled = hosts.reduce(
    (state, progress) => move(recall(state, progress, reason), progress.host, { recalls: progress.recalls + 1 }),
    rollout,
  )
  const isTriedAgain = rollout.direction === 'forward' && hosts.every(({ recalls }) => recalls < recallsMax)
  return isTriedAgain ? recalled : noteFailure(recalled, reason)
}
