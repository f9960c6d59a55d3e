import type { BalancerView } from '../balancers/balancer.ts'
import { deployedBefore, type HistoryEntry, type Manifest, previousDeployed } from '../hosts/history.ts'
import type { Inspection } from '../hosts/inspection.ts'
import type { Batch, HostAtStart, HostName, Observation, Plan, ReleaseId } from '../rollout/model.ts'
import { type Fleet, foreignRelease } from './fleet.ts'
import { activeManifest, type HostView } from './inspect.ts'
import { observationOf } from './observe.ts'

export interface Policy {
  readonly batches: readonly Batch[]
  readonly minServing: number
  readonly onFailure: 'rollback' | 'stop'
  /** Hosts are watched for a while after they were put back. */
  readonly soak: boolean
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
  const isLeftOut = (host: HostName): boolean =>
    (view.out.includes(host) || view.mixed.includes(host)) && !view.byHand.includes(host)
  const where = { goal, last: lastDeployed(fleetHistory(views)), isLeftOut }
  const plan: Plan = {
    ...policy,
    goal,
    hosts: [...views.map((each) => hostAtStart(each, where)), ...fleet.skipped.map(unseenAtStart)],
    skipped: fleet.skipped,
    rotation: hasRotation(fleet, view),
    balanced: fleet.balancer.machines.length > 0,
    canPublish: (out) => fleet.balancer.canPublish(out),
  }
  const healthy = views.filter((each) => each.healthy).map(({ machine }) => machine.name)
  return { plan, observed: observationOf(view, { healthy, unheard: [] }) }
}

/** For a deploy that was cut off and is to go on: what has its release already is not asked about again. */
export function saidYes(policy: Policy, views: readonly HostView[], goal: ReleaseId): Policy {
  const isThere = (host: HostName): boolean => views.some(({ machine, runs }) => machine.name === host && runs === goal)
  const batches = policy.batches.map((batch) => (batch.hosts.some(isThere) ? { ...batch, pause: false } : batch))
  return { ...policy, batches }
}

/** No balancer, or one host alone: then nothing can be taken out. Where the others are skipped, one that is out already can be put back. */
export function hasRotation({ balancer, machines, skipped }: Fleet, view: BalancerView): boolean {
  if (balancer.machines.length === 0) return false
  const isOut = machines.some(({ name }) => view.out.includes(name) || view.mixed.includes(name))
  return machines.length > 1 || (skipped.length > 0 && isOut)
}

function unseenAtStart(host: HostName): HostAtStart {
  return { host, from: null, canReturn: false, runs: null }
}

interface Where {
  readonly goal: ReleaseId
  /** Deployed last on the whole fleet. */
  readonly last: ReleaseId | null
  /** By a deploy, not by hand. */
  readonly isLeftOut: (host: HostName) => boolean
}

function hostAtStart(view: HostView, where: Where): HostAtStart {
  if (isBehind(view, where)) return behindAtStart(view, where)
  const from = releaseToGoBackTo(view, where)
  return { host: view.machine.name, from, canReturn: from !== foreignRelease, runs: view.runs }
}

/**
 * Left out, and not on what the others run: it was skipped, or a deploy was cut off there. Whatever fails, nobody may
 * be sent to what runs there now.
 */
function isBehind({ machine, runs }: HostView, { goal, last, isLeftOut }: Where): boolean {
  return last !== null && runs !== null && runs !== goal && runs !== last && isLeftOut(machine.name)
}

function behindAtStart({ machine, inspection }: HostView, { goal, last }: Where): HostAtStart {
  const from = last !== goal && isThere(inspection, last) ? last : null
  return { host: machine.name, from, canReturn: true, runs: null }
}

function isThere({ releases, manifests }: Inspection, id: ReleaseId | null): id is ReleaseId {
  return id !== null && releases.includes(id) && manifests.some((manifest) => manifest.id === id)
}

/**
 * The release that was deployed last, one for all: what a deploy that was cut off left running is not gone back to.
 * Where that is the goal itself, what runs, if it was once deployed (or is not ours), is better than nothing.
 */
function releaseToGoBackTo({ inspection, runs }: HostView, { goal, last }: Where): ReleaseId | null {
  if (isThere(inspection, last) && last !== goal) return last
  const wasDeployed = inspection.history.some(({ release }) => release === runs)
  if (runs !== null && runs !== goal && (runs === foreignRelease || wasDeployed)) return runs
  if (isThere(inspection, last)) return last
  return runs !== goal ? runs : null
}

export function lastDeployed(history: readonly HistoryEntry[]): ReleaseId | null {
  return previousDeployed(history, null)
}

/**
 * What was deployed before the present release, newest first, one for all hosts: what can be gone back to. A host that
 * stands on a release that was never deployed was left there by a deploy that was cut off: then the first is the last
 * one deployed.
 */
export function releasesBefore(views: readonly Pick<HostView, 'inspection'>[]): readonly HistoryEntry[] {
  const history = fleetHistory(views)
  const isCutOff = views.some(
    ({ inspection: { current } }) =>
      current.kind === 'release' && !history.some(({ release }) => release === current.id),
  )
  return deployedBefore(history, isCutOff ? null : lastDeployed(history))
}

/** The longest: a host that was added later, or could not write a line, knows less. */
export function fleetHistory(views: readonly Pick<HostView, 'inspection'>[]): readonly HistoryEntry[] {
  const histories = views.map(({ inspection }) => inspection.history)
  return histories.reduce((most, history) => (history.length > most.length ? history : most), [])
}

/** What a release of this commit would be, before it has an id. */
export type Wanted = Pick<
  Manifest,
  'sha' | 'prepare' | 'byLockfile' | 'activate' | 'env' | 'environment' | 'manager' | 'shared' | 'uploads'
>

/**
 * The release of that commit, commands, environment and shared files which is there already, on any host; null where a new one is
 * due. One that failed anywhere is not used again: what was built then may be what was wrong. Nor is one that was taken
 * over: it is no release, but a folder that became what it is.
 */
export function releaseOf(views: readonly HostView[], wanted: Wanted): ReleaseId | null {
  const manifests = views.flatMap(({ inspection }) => inspection.manifests)
  const failed = new Set(manifests.filter(({ state }) => state === 'failed').map(({ id }) => id))
  const fitting = manifests.filter(
    (manifest) => !failed.has(manifest.id) && !manifest.takenOver && isSame(manifest, wanted),
  )
  return (
    fitting
      .map(({ id }) => id)
      .toSorted()
      .at(-1) ?? null
  )
}

function isSame(manifest: Manifest, wanted: Wanted): boolean {
  return essence(manifest) === essence(wanted)
}

function essence({ byLockfile, shared = [], uploads = {}, env, ...rest }: Wanted): string {
  const { sha, prepare, activate, environment, manager } = rest
  const lists = [sorted(env), shared.toSorted(), sorted(uploads)]
  return JSON.stringify([sha, byLockfile === true, prepare, activate, environment, manager, lists])
}

function sorted(texts: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(texts).toSorted(([one], [other]) => (one < other ? -1 : 1))
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
  // One that failed and is needed all the same takes no other's place.
  const failed = new Set(inspection.manifests.filter(({ state }) => state === 'failed').map(({ id }) => id))
  const count = (): number => [...kept].filter((id) => !failed.has(id)).length
  for (const id of newest) if (count() < keep) kept.add(id)
  // It takes up nothing, and is what the host can be handed back with.
  const taken = inspection.manifests.filter(({ takenOver }) => takenOver).map(({ id }) => id)
  return [...new Set([...kept, ...taken])]
}
