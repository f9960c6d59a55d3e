import { goalOf, isPending, isServing, isUnderWay, servingCount } from './fleet.ts'
import type { Action, HostName, Progress, Rollout } from './model.ts'

/** Everything that may start now. All policy is here; the same rollout always gives the same answer. Empty: finished, once nothing is being done. */
export function decide(rollout: Rollout): readonly Action[] {
  const steps = rollout.fleet
    .filter((progress) => progress.doing === null && mayGoOn(rollout, progress))
    .map((progress) => nextStep(rollout, progress))
  if (rollout.doing !== null) return steps
  return [...steps, ...fleetAction(rollout)]
}

/** The steps that concern one host alone. Before `activate` there is still a way back at no cost: look once more. */
function mayGoOn(rollout: Rollout, { at, returning }: Progress): boolean {
  switch (at) {
    case 'drain':
    case 'reload':
    case 'verify':
    case 'confirm':
    case 'stop':
      return true
    case 'activate':
      return rollout.fresh || returning
    case 'take-out':
    case 'put-back':
    case 'waiting':
    case 'settled':
    case 'stopped':
    case 'lost':
    case 'unknown':
      return false
  }
}

function nextStep({ plan }: Rollout, { host, at, target }: Progress): Action {
  if (at === 'stop') return { type: 'stop', host, release: plan.goal }
  if (target === null) throw new Error(`${host} is at ${at} without a release`)
  if (at === 'drain' || at === 'activate' || at === 'reload' || at === 'verify' || at === 'confirm')
    return { type: 'step', step: at, host, release: target }
  throw new Error(`${host} is at ${at}: it has no step of its own`)
}

/** What concerns the whole fleet: look, publish, or give up. At most one at a time, and nothing without a fresh look. */
function fleetAction(rollout: Rollout): readonly Action[] {
  const idle = rollout.fleet.filter(({ doing }) => doing === null)
  const toPutBack = idle.filter(({ at }) => at === 'put-back')
  const toTakeOutAgain = idle.filter(({ at }) => at === 'take-out')
  const atActivate = idle.some(({ at, returning }) => at === 'activate' && !returning)
  const next = nextBatch(rollout)
  const isOver = rollout.fleet.every((progress) => !isUnderWay(progress)) && next.length === 0

  if (isOver && rollout.blind) return []
  const needsLook = isOver || atActivate || toPutBack.length + toTakeOutAgain.length + next.length > 0
  if (!rollout.fresh) return needsLook ? [{ type: 'observe' }] : []
  if (toPutBack.length > 0) {
    const change = putBack(rollout, toPutBack)
    if (change !== null) return [change]
  }
  if (toTakeOutAgain.length > 0) {
    const change = takeOut(rollout, toTakeOutAgain)
    if (change !== null) return [change]
  }
  const stuck = [...toPutBack, ...toTakeOutAgain]
  if (stuck.length > 0) return isAnythingElseMoving(rollout, stuck) ? [] : [giveUp(rollout, stuck)]
  if (next.length === 0) return []
  return [start(rollout, next)]
}

/** The hosts of the first batch that has any left to do; none while a batch is under way, or after an interruption. */
function nextBatch(rollout: Rollout): readonly Progress[] {
  if (rollout.interrupted !== null || rollout.fleet.some(isUnderWay)) return []
  const pending = rollout.fleet.filter((progress) => isPending(rollout, progress))
  const batch = rollout.plan.batches.find((hosts) => pending.some(({ host }) => hosts.includes(host)))
  return pending.filter(({ host }) => batch?.includes(host))
}

function start(rollout: Rollout, next: readonly Progress[]): Action {
  if (rollout.plan.rotation) return takeOut(rollout, next) ?? giveUp(rollout, [])
  const [first] = next
  const release = first === undefined ? null : goalOf(rollout, first)
  if (first === undefined || release === null || !leavesEnough(rollout, [first.host])) return giveUp(rollout, [])
  return { type: 'step', step: 'activate', host: first.host, release }
}

/** As many of them as may go at once, those that cost no capacity first; null: not even one. */
function takeOut(rollout: Rollout, batch: readonly Progress[]): Action | null {
  const costs = ({ host }: Progress): number => (isServing(rollout.observed, host) ? 1 : 0)
  const wanted = batch.toSorted((one, other) => costs(one) - costs(other))
  for (let count = wanted.length; count > 0; count--) {
    const hosts = names(wanted.slice(0, count))
    const out = union(rollout.observed.out, hosts)
    if (leavesEnough(rollout, hosts) && rollout.plan.canPublish(out))
      return { type: 'publish', step: 'take-out', hosts, out }
  }
  return null
}

function putBack(rollout: Rollout, wanted: readonly Progress[]): Action | null {
  for (let count = wanted.length; count > 0; count--) {
    const hosts = names(wanted.slice(0, count))
    const out = rollout.observed.out.filter((host) => !hosts.includes(host))
    if (rollout.plan.canPublish(out)) return { type: 'publish', step: 'put-back', hosts, out }
  }
  return null
}

/** Promise 1. Hosts that do not serve cost no capacity. */
function leavesEnough(rollout: Rollout, hosts: readonly HostName[]): boolean {
  const taken = hosts.filter((host) => isServing(rollout.observed, host)).length
  return taken === 0 || servingCount(rollout) - taken >= rollout.plan.minServing
}

function isAnythingElseMoving(rollout: Rollout, stuck: readonly Progress[]): boolean {
  return rollout.fleet.some((progress) => isUnderWay(progress) && !stuck.includes(progress))
}

function giveUp(rollout: Rollout, stuck: readonly Progress[]): Action {
  const serving = `${servingCount(rollout)} of ${rollout.fleet.length} hosts serve`
  const reason =
    stuck.length === 0
      ? `${serving}: taking out one more would leave fewer than min-serving ${rollout.plan.minServing}, or the balancer has no pool for it`
      : `${serving}: the balancer has no pool with which ${names(stuck).join(', ')} could be moved`
  return { type: 'give-up', hosts: names(stuck), reason }
}

function names(fleet: readonly Progress[]): readonly HostName[] {
  return fleet.map(({ host }) => host)
}

function union(some: readonly HostName[], more: readonly HostName[]): readonly HostName[] {
  return [...new Set([...some, ...more])]
}

/** True where the rollout has come to its end: nothing is being done, and nothing is left that may be. */
export function isFinished(rollout: Rollout): boolean {
  const isBusy = rollout.doing !== null || rollout.fleet.some(({ doing }) => doing !== null)
  return !isBusy && decide(rollout).length === 0
}
