import { goalOf, isPending, isServing, isUnderWay, mayGoBlind } from './fleet.ts'
import type { Action, At, Batch, Progress, Rollout } from './model.ts'
import { pauseDue } from './pause.ts'
import { cannotStart, giveUp, leaveOutSkipped, leavesEnough, putBack, takeOut } from './publish.ts'

/** Everything that may start now. All policy is here; the same rollout always gives the same answer. Empty: finished, once nothing is being done. */
export function decide(rollout: Rollout): readonly Action[] {
  const steps = rollout.fleet
    .filter((progress) => progress.doing === null && mayGoOn(rollout, progress))
    .map((progress) => nextStep(rollout, progress))
  if (rollout.doing !== null) return steps
  return [...steps, ...fleetAction(rollout)]
}

/** The steps that concern one host alone. Before its processes are touched, look once more. */
function mayGoOn(rollout: Rollout, progress: Progress): boolean {
  switch (progress.at) {
    case 'drain':
    case 'reload':
    case 'verify':
    case 'confirm':
    case 'soak':
      return true
    case 'activate':
    case 'stop':
      return rollout.fresh || mayGoBlind(rollout, progress)
    case 'take-out':
    case 'put-back':
    case 'waiting':
    case 'settled':
    case 'stopped':
    case 'lost':
    case 'unknown':
    case 'skipped':
      return false
  }
}

function nextStep({ plan }: Rollout, { host, at, target }: Progress): Action {
  if (at === 'stop') return { type: 'stop', host, release: plan.goal }
  // Before the processes of a first release are stopped, their requests come to an end like any others.
  if (at === 'drain') return { type: 'step', step: at, host, release: target ?? plan.goal }
  if (target === null) throw new Error(`${host} is at ${at} without a release`)
  if (at === 'activate' || at === 'reload' || at === 'verify' || at === 'confirm' || at === 'soak')
    return { type: 'step', step: at, host, release: target }
  throw new Error(`${host} is at ${at}: it has no step of its own`)
}

/** What concerns the whole fleet: look, publish, ask, or give up. At most one at a time, and nothing without a fresh look. */
function fleetAction(rollout: Rollout): readonly Action[] {
  const next = nextBatches(rollout)
  if (!rollout.fresh) return needsLook(rollout, next) ? [{ type: 'observe' }] : []
  const change = moveOnItsWay(rollout) ?? leaveOutSkipped(rollout)
  if (change !== null) return [change]
  return next.length === 0 ? [] : [start(rollout, next)]
}

function needsLook(rollout: Rollout, next: readonly Next[]): boolean {
  if (next.length > 0 || idleAt(rollout, 'put-back', 'take-out').length > 0) return true
  if (idleAt(rollout, 'activate', 'stop').some((progress) => !mayGoOn(rollout, progress))) return true
  const isOver = rollout.pausing === null && !rollout.fleet.some(isUnderWay)
  return isOver && !rollout.blind
}

/** Whoever waits for the balancer on its way: back first, for that brings capacity. */
function moveOnItsWay(rollout: Rollout): Action | null {
  const toPutBack = idleAt(rollout, 'put-back')
  const toTakeOutAgain = idleAt(rollout, 'take-out')
  const change = putBack(rollout, toPutBack) ?? takeOut(rollout, toTakeOutAgain)
  const stuck = [...toPutBack, ...toTakeOutAgain]
  if (change !== null || stuck.length === 0 || isAnythingElseMoving(rollout, stuck)) return change
  return giveUp(rollout, stuck)
}

function idleAt({ fleet }: Rollout, ...places: readonly At[]): readonly Progress[] {
  return fleet.filter(({ at, doing }) => doing === null && places.includes(at))
}

/** A batch that may be the next, and its hosts that would be. */
interface Next {
  readonly batch: Batch
  readonly hosts: readonly Progress[]
}

/**
 * The first batch that has any left to do; then, should min-serving not let it begin, whoever does not serve in a later
 * one, for such a host costs no capacity and may bring some. None while a batch is under way, while somebody is asked,
 * or after an interruption.
 */
function nextBatches(rollout: Rollout): readonly Next[] {
  if (rollout.interrupted !== null || rollout.pausing !== null || rollout.fleet.some(isUnderWay)) return []
  const all = rollout.fleet.filter((progress) => isPending(rollout, progress))
  const reachable = all.filter(
    ({ host }) => rollout.direction !== 'forward' || !rollout.observed.unheard.includes(host),
  )
  // One that cannot be asked is not begun: it may come back by itself. Where there is no other, that is the end.
  const pending = reachable.length > 0 ? reachable : all
  const [first, ...later] = rollout.plan.batches
    .map((batch) => ({ batch, hosts: pending.filter(({ host }) => batch.hosts.includes(host)) }))
    .filter(({ hosts }) => hosts.length > 0)
  if (first === undefined) return []
  const hurt = later.map(({ batch, hosts }) => ({
    batch,
    hosts: hosts.filter(({ host }) => !isServing(rollout, host)),
  }))
  return [first, ...hurt.filter(({ hosts }) => hosts.length > 0)]
}

function start(rollout: Rollout, next: readonly Next[]): Action {
  for (const { batch, hosts } of next) {
    const move = startOn(rollout, hosts)
    if (move !== null) return pauseDue(rollout, batch) ?? move
  }
  return cannotStart(rollout, next[0]?.hosts ?? [])
}

function startOn(rollout: Rollout, hosts: readonly Progress[]): Action | null {
  if (rollout.direction === 'forward' && hosts.some(({ host }) => rollout.observed.unheard.includes(host))) return null
  if (rollout.plan.rotation) return takeOut(rollout, hosts)
  const [first] = hosts
  const release = first === undefined ? null : goalOf(rollout, first)
  if (first === undefined || release === null || !leavesEnough(rollout, [first.host])) return null
  return { type: 'step', step: 'activate', host: first.host, release }
}

function isAnythingElseMoving(rollout: Rollout, stuck: readonly Progress[]): boolean {
  return rollout.fleet.some((progress) => isUnderWay(progress) && !stuck.includes(progress))
}

/** True where the rollout has come to its end: nothing is being done, and nothing is left that may be. */
export function isFinished(rollout: Rollout): boolean {
  const isBusy = rollout.doing !== null || rollout.pausing !== null || rollout.fleet.some(({ doing }) => doing !== null)
  return !isBusy && decide(rollout).length === 0
}
