import type { BalancerView } from '../balancers/balancer.ts'
import { type HistoryEntry, type Manifest, previousDeployed } from '../hosts/history.ts'
import type { Inspection } from '../hosts/inspection.ts'
import type { HostAtStart, HostName, Observation, Plan, ReleaseId } from '../rollout/model.ts'
import { type Fleet, foreignRelease } from './fleet.ts'
import { activeManifest, type HostView } from './inspect.ts'
import { observationOf } from './observe.ts'

export interface Policy {
  readonly batches: readonly (readonly HostName[])[]
  readonly minServing: number
  readonly onFailure: 'rollback' | 'stop'
}

export interface Start {
  readonly plan: Plan
  readonly observed: Observation
}

/** The rollout's beginning, from what was seen of hosts and balancer. */
export function planRollout(
  fleet: Fleet,
  views: readonly HostView[],
  { goal, policy, view }: { readonly goal: ReleaseId; readonly policy: Policy; readonly view: BalancerView },
): Start {
  const rotation = fleet.balancer.machines.length > 0 && fleet.machines.length > 1
  const plan: Plan = {
    goal,
    batches: rotation ? policy.batches : fleet.machines.map(({ name }) => [name]),
    hosts: views.map((each) => hostAtStart(each, { goal, last: lastDeployed(fleetHistory(views)) })),
    minServing: policy.minServing,
    onFailure: policy.onFailure,
    rotation,
    canPublish: (out) => fleet.balancer.canPublish(out),
  }
  const healthy = views.filter((each) => each.healthy).map(({ machine }) => machine.name)
  return { plan, observed: observationOf(view, healthy) }
}

interface Where {
  readonly goal: ReleaseId
  /** Deployed last on the whole fleet. */
  readonly last: ReleaseId | null
}

function hostAtStart(view: HostView, where: Where): HostAtStart {
  const from = releaseToGoBackTo(view, where)
  return { host: view.machine.name, from, canReturn: from !== foreignRelease, runs: view.runs }
}

/**
 * The release that was deployed last, one for all: what a deploy that was cut off left running is not gone back to.
 * Where that is the goal itself, what runs, if it was once deployed (or is not ours), is better than nothing.
 */
function releaseToGoBackTo({ inspection, runs }: HostView, { goal, last }: Where): ReleaseId | null {
  const isThere = (id: ReleaseId | null): id is ReleaseId =>
    id !== null && inspection.releases.includes(id) && inspection.manifests.some((manifest) => manifest.id === id)
  if (isThere(last) && last !== goal) return last
  const wasDeployed = inspection.history.some(({ release }) => release === runs)
  if (runs !== null && runs !== goal && (runs === foreignRelease || wasDeployed)) return runs
  if (isThere(last)) return last
  return runs !== goal ? runs : null
}

export function lastDeployed(history: readonly HistoryEntry[]): ReleaseId | null {
  return previousDeployed(history, null)
}

/**
 * The release before the present one that was deployed, one for all hosts; null where there is none. A host that
 * stands on a release that was never deployed was left there by a deploy that was cut off: then it is the last one
 * deployed.
 */
export function releaseBefore(views: readonly HostView[]): ReleaseId | null {
  const history = fleetHistory(views)
  const last = lastDeployed(history)
  const isCutOff = views.some(
    ({ inspection: { current } }) =>
      current.kind === 'release' && !history.some(({ release }) => release === current.id),
  )
  return isCutOff ? last : previousDeployed(history, last)
}

/** The longest: a host that was added later, or could not write a line, knows less. */
function fleetHistory(views: readonly HostView[]): readonly HistoryEntry[] {
  const histories = views.map(({ inspection }) => inspection.history)
  return histories.reduce((most, history) => (history.length > most.length ? history : most), [])
}

/** What a release of this commit would be, before it has an id. */
export type Wanted = Pick<Manifest, 'sha' | 'prepare' | 'activate' | 'env' | 'environment' | 'manager'>

/**
 * The release of that commit, commands and environment which is there already, on any host; null where a new one is
 * due. One that failed anywhere is not used again: what was built then may be what was wrong.
 */
export function releaseOf(views: readonly HostView[], wanted: Wanted): ReleaseId | null {
  const manifests = views.flatMap(({ inspection }) => inspection.manifests)
  const failed = new Set(manifests.filter(({ state }) => state === 'failed').map(({ id }) => id))
  const fitting = manifests.filter((manifest) => !failed.has(manifest.id) && isSame(manifest, wanted))
  return (
    fitting
      .map(({ id }) => id)
      .toSorted()
      .at(-1) ?? null
  )
}

function isSame(manifest: Manifest, wanted: Wanted): boolean {
  const essence = ({ sha, prepare, activate, env, environment, manager }: Wanted) =>
    JSON.stringify([
      sha,
      prepare,
      activate,
      Object.keys(env)
        .toSorted()
        .map((name) => [name, env[name]]),
      environment,
      manager,
    ])
  return essence(manifest) === essence(wanted)
}

/** What may be pruned is what is not here: what runs, what it goes back to, and the newest. */
export function releasesToKeep(
  inspection: Inspection,
  { goal, keep }: { readonly goal: ReleaseId | null; readonly keep: number },
): readonly ReleaseId[] {
  const active = activeManifest(inspection)?.id
  const history = [...inspection.history]
  const needed = [
    goal,
    active,
    lastDeployed(history),
    goal === null ? null : previousDeployed(history, goal),
    previousDeployed(history, lastDeployed(history)),
  ]
  // One without a manifest was never prepared to its end.
  const isSound = (id: ReleaseId) =>
    inspection.manifests.some((manifest) => manifest.id === id && manifest.state !== 'failed')
  const newest = inspection.releases.filter(isSound).toSorted().toReversed()
  const kept = new Set(needed.filter((id) => id !== null && id !== undefined))
  for (const id of newest) if (kept.size < keep) kept.add(id)
  return [...kept]
}
