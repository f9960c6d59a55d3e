import { atStart, goalOf, isServing, isUnderWay } from './fleet.ts'
import type { Action, At, Event, HostName, Observation, Plan, Progress, Rollout, Step } from './model.ts'

/** The state before the first move, from what was seen of hosts and balancer. */
export function begin(plan: Plan, observed: Observation): Rollout {
  const hosts = batchesInOrder(plan, observed).flat()
  return {
    plan: { ...plan, batches: batchesInOrder(plan, observed) },
    direction: 'forward',
    interrupted: null,
    failure: null,
    fleet: hosts.map((host) => placeAtStart(plan, observed, host)),
    servedAtStart: hosts.filter((host) => isServing(observed, host)),
    observed,
    fresh: true,
    blind: false,
    doing: null,
    changed: false,
  }
}

/** Records one fact. What to do about it is for `decide` to say. */
export function apply(rollout: Rollout, event: Event): Rollout {
  switch (event.type) {
    case 'started':
      return started(rollout, event.action)
    case 'done':
      return done(rollout, event.action)
    case 'failed':
      return failed(rollout, event.action, event.reason)
    case 'observed':
      return recallWhereShort(doubtVerified({ ...rollout, observed: event.observation, fresh: true, blind: false }))
    case 'interrupted':
      return recallUntouched({ ...rollout, interrupted: rollout.interrupted ?? event.reason })
  }
}

/** Batches with a host that does not serve go first: they cost no capacity, and may bring some. */
function batchesInOrder(plan: Plan, observed: Observation): Plan['batches'] {
  const isWhole = (batch: readonly HostName[]) => batch.every((host) => isServing(observed, host))
  return [...plan.batches.filter((batch) => !isWhole(batch)), ...plan.batches.filter(isWhole)]
}

function placeAtStart(plan: Plan, observed: Observation, host: HostName): Progress {
  const { runs, from, byHand } = atStart(plan, host)
  const idle = { host, doing: null, verified: runs, touched: false, returning: false, alongside: [], reason: null }
  if (runs !== plan.goal || !observed.healthy.includes(host)) return { ...idle, target: from, at: 'waiting' }
  const isInPlace = byHand || !plan.rotation || isServing(observed, host)
  return { ...idle, target: plan.goal, at: isInPlace ? 'settled' : 'verify' }
}

function started(rollout: Rollout, action: Action): Rollout {
  switch (action.type) {
    case 'observe':
    case 'give-up':
      return { ...rollout, doing: action }
    case 'publish': {
      const next: Rollout = { ...rollout, doing: action, changed: true }
      return action.hosts.reduce(
        (state, host) => move(startOnItsWay(state, host, action.hosts), host, { at: action.step, doing: action }),
        next,
      )
    }
    case 'step': {
      const touches = action.step === 'activate' || action.step === 'reload'
      const next = touches
        ? move(startOnItsWay(rollout, action.host, [action.host]), action.host, { touched: true, verified: null })
        : rollout
      return { ...move(next, action.host, { at: action.step, doing: action }), changed: rollout.changed || touches }
    }
    case 'stop':
      return move(rollout, action.host, { doing: action, verified: null })
  }
}

/** A host that leaves its place takes the rollout's goal; one that is on its way keeps the target it has. `taken`: all that leave with it. */
function startOnItsWay(rollout: Rollout, host: HostName, taken: readonly HostName[]): Rollout {
  const progress = find(rollout, host)
  if (progress.at !== 'waiting' && progress.at !== 'settled') return rollout
  const serving = rollout.fleet.map((each) => each.host).filter((each) => isServing(rollout.observed, each))
  return move(rollout, host, {
    target: goalOf(rollout, progress),
    alongside: isServing(rollout.observed, host) ? serving.filter((other) => !taken.includes(other)) : [],
    returning: rollout.direction === 'back',
  })
}

function done(rollout: Rollout, action: Action): Rollout {
  const next = release(rollout, action)
  switch (action.type) {
    case 'observe':
    case 'give-up':
      return next
    case 'publish': {
      const seen: Rollout = { ...next, observed: { ...next.observed, out: action.out } }
      const hosts = action.hosts.filter((host) => isDoing(rollout, host, action))
      return hosts.reduce((state, host) => advance(state, host, action.step), seen)
    }
    case 'step':
      return isDoing(rollout, action.host, action) ? advance(next, action.host, action.step) : next
    case 'stop':
      return move(next, action.host, { at: 'stopped' })
  }
}

function advance(rollout: Rollout, host: HostName, step: Step): Rollout {
  const progress = find(rollout, host)
  const at = after(rollout, progress, step)
  const settled = at === 'settled' ? { touched: false, returning: false } : {}
  const verified = step === 'verify' ? progress.target : progress.verified
  return turnWhereDue(move(rollout, host, { at, verified, ...settled }), host)
}

function after({ plan }: Rollout, { host, target }: Progress, step: Step): At {
  switch (step) {
    case 'take-out':
      return target === null ? 'stop' : 'drain'
    case 'drain':
      return 'activate'
    case 'activate':
      return 'reload'
    case 'reload':
      return 'verify'
    case 'verify':
      return plan.rotation && !atStart(plan, host).byHand ? 'put-back' : 'settled'
    case 'put-back':
      return 'confirm'
    case 'confirm':
      return 'settled'
  }
}

function failed(rollout: Rollout, action: Action, reason: string): Rollout {
  const next = release(rollout, action)
  switch (action.type) {
    case 'observe':
      return stopBlind({ ...next, blind: true }, reason)
    case 'give-up':
      return action.hosts.reduce((state, host) => abandon(state, host, reason), failRollout(next, reason))
    case 'publish': {
      const hosts = action.hosts.filter((host) => isDoing(rollout, host, action))
      return recover(next, hosts, { step: action.step, reason })
    }
    case 'step':
      return isDoing(rollout, action.host, action) ? recover(next, [action.host], { step: action.step, reason }) : next
    case 'stop':
      return abandon(failRollout(next, `${action.host}: ${reason}`), action.host, reason)
  }
}

/** The first failure decides the direction; where going back is blocked as well, the rollout stops where it is. */
function failRollout(rollout: Rollout, reason: string): Rollout {
  const direction = rollout.direction === 'forward' && rollout.plan.onFailure === 'rollback' ? 'back' : 'stop'
  const next: Rollout = { ...rollout, failure: rollout.failure ?? reason, direction }
  return next.fleet.reduce((state, { host }) => turnWhereDue(state, host), next)
}

/** Hosts that failed go back to the release they came from; where even that fails, they are left as they are. */
function recover(
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
function abandon(rollout: Rollout, host: HostName, reason: string): Rollout {
  return move(rollout, host, { at: isSeenOut(rollout, host) ? 'lost' : 'unknown', reason, doing: null })
}

/** Nobody can be moved while the balancer cannot be seen. What waited for it is left as it is. */
function stopBlind(rollout: Rollout, reason: string): Rollout {
  const stuck = rollout.fleet.filter(({ at, doing, returning }) => {
    if (doing !== null) return false
    return at === 'put-back' || at === 'take-out' || (at === 'activate' && !returning)
  })
  const next = stuck.reduce((state, { host }) => move(state, host, { at: 'unknown', reason }), rollout)
  return failRollout(next, reason)
}

/** Verified a moment ago, and ill before it could be put back: the verification holds no more. */
function doubtVerified(rollout: Rollout): Rollout {
  const ill = rollout.fleet.filter(
    ({ host, at, doing }) => at === 'put-back' && doing === null && !rollout.observed.healthy.includes(host),
  )
  const reason = 'was verified, and does not answer healthily any more'
  return recover(
    rollout,
    ill.map(({ host }) => host),
    { step: 'verify', reason },
  )
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
function recallUntouched(rollout: Rollout): Rollout {
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
function turnWhereDue(rollout: Rollout, host: HostName): Rollout {
  const progress = find(rollout, host)
  if (progress.doing !== null || progress.returning || !isUnderWay(progress)) return rollout
  const { from } = atStart(rollout.plan, host)
  if (rollout.direction === 'back' && from !== null && from !== progress.target)
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

/** The action is over: nothing is being done by it any more, and what was seen before may no longer be so. */
function release(rollout: Rollout, action: Action): Rollout {
  const fleet = rollout.fleet.map((progress) => (progress.doing === action ? { ...progress, doing: null } : progress))
  return { ...rollout, fleet, fresh: false, doing: rollout.doing === action ? null : rollout.doing }
}

function isDoing(rollout: Rollout, host: HostName, action: Action): boolean {
  return find(rollout, host).doing === action
}

function find(rollout: Rollout, host: HostName): Progress {
  const progress = rollout.fleet.find((candidate) => candidate.host === host)
  if (progress === undefined) throw new Error(`${host} is not in this rollout`)
  return progress
}

function move(rollout: Rollout, host: HostName, change: Partial<Progress>): Rollout {
  const fleet = rollout.fleet.map((progress) => (progress.host === host ? { ...progress, ...change } : progress))
  return { ...rollout, fleet }
}
