import { atStart, find, goalOf, isServing, move } from './fleet.ts'
import type { Action, At, Event, HostName, Observation, Plan, Progress, Rollout, Step } from './model.ts'
import { abandon, failRollout, noticeObserved, recallUntouched, recover, stopBlind, turnWhereDue } from './recover.ts'

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
      return noticeObserved({ ...rollout, observed: event.observation, fresh: true, blind: false })
    case 'interrupted':
      return recallUntouched({ ...rollout, interrupted: rollout.interrupted ?? event.reason })
  }
}

/**
 * Batches with a host that is left out go first, for they bring capacity; then those with one that does not serve, for
 * they cost none. Else in the order of the configuration.
 */
function batchesInOrder({ batches }: Plan, observed: Observation): Plan['batches'] {
  const rank = (batch: readonly HostName[]): number => {
    if (batch.some((host) => observed.out.includes(host))) return 0
    return batch.every((host) => isServing(observed, host)) ? 2 : 1
  }
  return batches.toSorted((one, other) => rank(one) - rank(other))
}

function placeAtStart(plan: Plan, observed: Observation, host: HostName): Progress {
  const { runs, from } = atStart(plan, host)
  const idle = { host, doing: null, verified: runs, touched: false, returning: false, alongside: [], reason: null }
  if (runs !== plan.goal || !observed.healthy.includes(host)) return { ...idle, target: from, at: 'waiting' }
  const isInPlace = observed.byHand.includes(host) || !plan.rotation || isServing(observed, host)
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
  const settled = at === 'settled' ? { touched: false, returning: false } : {}
  const verified = step === 'verify' ? progress.target : progress.verified
  return turnWhereDue(move(rollout, host, { at, verified, ...settled }), host)
}

function after({ plan, observed }: Rollout, { host, target }: Progress, step: Step): At {
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
      return plan.rotation && !observed.byHand.includes(host) ? 'put-back' : 'settled'
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

/** The action is over: nothing is being done by it any more, and what was seen before may no longer be so. */
function release(rollout: Rollout, action: Action): Rollout {
  const fleet = rollout.fleet.map((progress) => (progress.doing === action ? { ...progress, doing: null } : progress))
  return { ...rollout, fleet, fresh: false, doing: rollout.doing === action ? null : rollout.doing }
}

function isDoing(rollout: Rollout, host: HostName, action: Action): boolean {
  return find(rollout, host).doing === action
}
