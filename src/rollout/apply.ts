import { find, goalOf, isSeenServing, isServing, move, servingHosts, settle } from './fleet.ts'
import type { Action, At, Event, HostName, Observation, Plan, Progress, Rollout, Step } from './model.ts'
import { noticeObserved } from './notice.ts'
import { goOn } from './pause.ts'
import { abandon, failRollout, noteFailure, recallUntouched, recover, stopBlind, turnWhereDue } from './recover.ts'
import { leaveSoak, maySoak } from './soak.ts'
import { batchesInOrder, fleetAtStart } from './start.ts'

/** The state before the first move, from what was seen of hosts and balancer. */
export function begin(plan: Plan, observed: Observation): Rollout {
  const ordered: Plan = { ...plan, batches: batchesInOrder(plan, observed) }
  const fleet = fleetAtStart(ordered, observed)
  return {
    plan: ordered,
    direction: 'forward',
    interrupted: null,
    failure: null,
    fleet,
    servedAtStart: fleet
      .filter(({ host, at }) => at !== 'skipped' && isSeenServing(observed, host))
      .map(({ host }) => host),
    observed,
    fresh: true,
    blind: false,
    doing: null,
    pausing: null,
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
      return noticeObserved({ ...rollout, observed: event.observation, fresh: true, blind: false })
    case 'interrupted':
      return interrupt(rollout, event.reason)
  }
}

/** Nothing more is begun, so nobody has to be asked, and no soak to be waited for. */
function interrupt(rollout: Rollout, reason: string): Rollout {
  return leaveSoak(recallUntouched({ ...rollout, interrupted: rollout.interrupted ?? reason, pausing: null }))
}

function started(rollout: Rollout, action: Action): Rollout {
  switch (action.type) {
    case 'observe':
    case 'give-up':
      return { ...rollout, doing: action }
    case 'pause':
      return { ...rollout, pausing: action }
    case 'publish': {
      const next: Rollout = { ...rollout, doing: action, changed: true }
      return action.hosts.reduce((state, host) => startMoving(state, host, action), next)
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

/** A host that is skipped does not move: only the balancer is told of it. */
function startMoving(rollout: Rollout, host: HostName, action: Extract<Action, { type: 'publish' }>): Rollout {
  if (find(rollout, host).at === 'skipped') return rollout
  return move(startOnItsWay(rollout, host, action.hosts), host, { at: action.step, doing: action })
}

/** A host that leaves its place takes the rollout's goal; one that is on its way keeps the target it has. `taken`: all that leave with it. */
function startOnItsWay(rollout: Rollout, host: HostName, taken: readonly HostName[]): Rollout {
  const progress = find(rollout, host)
  if (progress.at !== 'waiting' && progress.at !== 'settled') return rollout
  return move(rollout, host, {
    target: goalOf(rollout, progress),
    alongside: isServing(rollout, host) ? servingHosts(rollout).filter((other) => !taken.includes(other)) : [],
    returning: rollout.direction === 'back',
    reason: null,
  })
}

function done(rollout: Rollout, action: Action): Rollout {
  const next = release(rollout, action)
  switch (action.type) {
    case 'observe':
    case 'give-up':
      return next
    case 'pause':
      return rollout.pausing === action ? goOn(next) : next
    case 'publish': {
      // Done only when every machine of the balancer says so: no host is mixed any more.
      const byHand = next.observed.byHand.filter((host) => action.out.includes(host))
      const seen: Rollout = { ...next, observed: { ...next.observed, out: action.out, mixed: [], byHand } }
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
  const verified = step === 'verify' ? progress.target : progress.verified
  const next = move(rollout, host, { at, verified })
  return turnWhereDue(at === 'settled' ? arrive(next, host) : next, host)
}

/** Where it belongs; a host that was only needed back for another's sake waits for its turn again, behind who fell ill. */
function arrive(rollout: Rollout, host: HostName): Rollout {
  const next = settle(rollout, host)
  const { plan, observed, direction, interrupted } = rollout
  const isRecalled = direction === 'forward' && interrupted === null && find(rollout, host).target !== plan.goal
  if (!isRecalled) return next
  return { ...move(next, host, { at: 'waiting' }), plan: { ...plan, batches: batchesInOrder(plan, observed) } }
}

function after(rollout: Rollout, progress: Progress, step: Step): At {
  const { host, target } = progress
  const atRest: At = maySoak(rollout, progress) ? 'soak' : 'settled'
  switch (step) {
    case 'take-out':
      return 'drain'
    case 'drain':
      return target === null ? 'stop' : 'activate'
    case 'activate':
      // Somebody may have put it in while it was activated.
      return isLeftOut(rollout, host) ? 'reload' : 'take-out'
    case 'reload':
      return 'verify'
    case 'verify':
      if (rollout.observed.byHand.includes(host)) return 'settled'
      return rollout.plan.rotation ? 'put-back' : atRest
    case 'put-back':
      return 'confirm'
    case 'confirm':
      return atRest
    case 'soak':
      return 'settled'
  }
}

function isLeftOut({ plan, observed }: Rollout, host: HostName): boolean {
  return !plan.rotation || observed.out.includes(host)
}

function failed(rollout: Rollout, action: Action, reason: string): Rollout {
  const next = release(rollout, action)
  switch (action.type) {
    case 'observe':
      return stopBlind({ ...next, blind: true }, reason)
    case 'give-up':
      return action.hosts.reduce((state, host) => abandon(state, host, reason), failRollout(next, reason))
    case 'pause':
      return rollout.pausing === action ? failRollout(next, reason) : next
    case 'publish': {
      const skipped = action.hosts.filter((host) => find(rollout, host).at === 'skipped')
      if (skipped.length > 0) return noteFailure(next, `${skipped.join(', ')} could not be left out: ${reason}`)
      const hosts = action.hosts.filter((host) => isDoing(rollout, host, action))
      return recover(next, hosts, { step: action.step, reason })
    }
    case 'step':
      return isDoing(rollout, action.host, action) ? recover(next, [action.host], { step: action.step, reason }) : next
    case 'stop':
      return abandon(failRollout(next, `${action.host}: ${reason}`), action.host, reason)
  }
}

/** The action is over: nothing is being done by it any more, and what was seen before may no longer be so. */
function release(rollout: Rollout, action: Action): Rollout {
  const free = (progress: Progress): Progress => (progress.doing === action ? { ...progress, doing: null } : progress)
  const isDone = rollout.fleet.some(({ doing }) => doing === action)
  const fleet = isDone ? rollout.fleet.map(free) : rollout.fleet
  return { ...rollout, fleet, fresh: false, doing: rollout.doing === action ? null : rollout.doing }
}

function isDoing(rollout: Rollout, host: HostName, action: Action): boolean {
  return find(rollout, host).doing === action
}
