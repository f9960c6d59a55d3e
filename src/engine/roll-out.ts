/** Rolls the release over the fleet, and settles. */
import type { HistoryEntry, Manifest } from '../hosts/history.ts'
import type { Process } from '../processes/processes.ts'
import { begin } from '../rollout/apply.ts'
import type { HostName, Outcome, ReleaseId, Rollout } from '../rollout/model.ts'
import { outcome } from '../rollout/outcome.ts'
import { isoNow } from './clock.ts'
import { everywhere } from './everywhere.ts'
import type { Fleet } from './fleet.ts'
import type { Goal } from './goal.ts'
import type { Interruption } from './interruption.ts'
import type { FleetLock } from './lock.ts'
import type { Look } from './look.ts'
import type { AskPerson } from './pause.ts'
import { perform } from './perform.ts'
import type { Performing } from './performing.ts'
import type { Start } from './plan.ts'
import { reportRollout } from './reporting.ts'
import { roll } from './roll.ts'
import { settle } from './settle.ts'

export interface RollingOut {
  readonly fleet: Fleet
  readonly lock: FleetLock
  readonly look: Look
  readonly goal: Goal
  /** `ada@laptop` */
  readonly by: string
  readonly interruption: Interruption
  readonly askPerson: AskPerson
  /** How it ended: called once more, with what is so then, where a second interruption ends the process. */
  readonly tell: (end: End) => void
}

export interface End {
  readonly outcome: Outcome
  /** Anything was changed that a user might feel. */
  readonly changed: boolean
  /** How long each host was out of rotation. */
  readonly outMs: Readonly<Record<HostName, number>>
}

export async function rollOut(rollingOut: RollingOut, start: Start): Promise<End> {
  const { fleet, lock, look, goal, by, interruption, askPerson, tell } = rollingOut
  fleet.report({ type: 'phase', phase: 'roll' })
  const reporting = reportRollout(fleet.report, fleet.clock, fleet.machines.length + fleet.skipped.length)
  const performing: Performing = {
    fleet,
    lock,
    manifests: manifestsByHost(look, goal.manifest),
    replaced: new Map<HostName, ReadonlySet<number>>(),
    standing: new Map<HostName, readonly Process[]>(),
    proven: new Set<ReleaseId>(
      look.views.flatMap(({ inspection }) => inspection.history.map(({ release }) => release)),
    ),
    askPerson,
    by,
  }
  let latest: Rollout = begin(start.plan, start.observed)
  const endOf = (rollout: Rollout): End => ({ ...ended(rollout), outMs: reporting.outMs() })
  interruption.onLeaving(() => {
    const end = endOf(latest)
    tell({ ...end, outcome: { ...end.outcome, kind: 'interrupted' } })
  })
  const pauses: Promise<unknown>[] = []
  const rollout = await roll(start, {
    fleet,
    perform: (move) => {
      const performed = perform(performing, move)
      if (move.action.type === 'pause') pauses.push(performed)
      return performed
    },
    onEvent: (event, state, log) => {
      latest = state
      reporting.onEvent(event, state, log)
    },
    onInterrupt: (interrupt) => interruption.onInterrupt(interrupt),
  })
  // A question that was withdrawn is taken from the hosts while the lock is still ours.
  await Promise.all(pauses)
  const end = endOf(rollout)
  interruption.onLeaving(() => tell(end))
  await noteWhereItFailed(rollingOut, performing, end)
  return end
}

/**
 * What failed on one host is not used again on any, and the host where it failed may forget it when it is tidied up: so
 * every host that does not stand on it is told.
 */
async function noteWhereItFailed(
  { fleet, lock, goal }: RollingOut,
  { manifests }: Performing,
  { outcome: { hosts } }: End,
): Promise<void> {
  const { id } = goal.manifest
  const failed = [...manifests.values()].flatMap((known) => known.get(id) ?? []).find(({ state }) => state === 'failed')
  if (failed === undefined) return
  const untold = fleet.machines.filter(
    ({ name }) =>
      manifests.get(name)?.get(id)?.state !== 'failed' &&
      hosts.some(({ host, release }) => host === name && release !== id),
  )
  const told = await everywhere(untold, async (machine) => (await lock.guarded(machine)).depot.note(failed))
  for (const each of told) {
    if (each.ok) continue
    const text = `that ${id} failed could not be noted: ${each.error.message}`
    fleet.report({ type: 'note', level: 'warning', host: each.item.name, text })
  }
}

export function ended(rollout: Rollout): Omit<End, 'outMs'> {
  return { outcome: outcome(rollout), changed: rollout.changed }
}

function manifestsByHost({ views }: Look, goal: Manifest): ReadonlyMap<HostName, Map<string, Manifest>> {
  return new Map(
    views.map(({ machine, inspection }) => {
      const known = inspection.manifests.map((manifest) => [manifest.id, manifest] as const)
      return [machine.name, new Map([[goal.id, goal], ...known])] as const
    }),
  )
}

export interface Ending {
  readonly fleet: Fleet
  readonly lock: FleetLock
  readonly goal: Goal
  readonly keep: number
  readonly by: string
}

/** Where every host was verified, that is written down and old releases go. */
export async function settleEnd({ fleet, lock, goal, keep, by }: Ending, { kind }: Outcome): Promise<void> {
  const isDone = kind === 'deployed' || kind === 'unchanged'
  if (!isDone && kind !== 'rolled back') return
  fleet.report({ type: 'phase', phase: 'settle' })
  const { id, sha } = goal.manifest
  const at = isoNow(fleet.clock)
  const entry: HistoryEntry = { at, release: id, sha, kind: goal.kind, by }
  await settle({ fleet, lock, keep }, isDone ? entry : null)
}
