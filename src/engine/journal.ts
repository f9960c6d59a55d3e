/** What a deploy writes into the journals of its hosts. */
import { UserError } from '../errors.ts'
import type { Manifest } from '../hosts/history.ts'
import type { Ended, JournalEntry } from '../hosts/journal.ts'
import type { HostOutcome, Outcome } from '../rollout/model.ts'
import type { ExitCode } from '../rollout/report.ts'
import { isoNow } from './clock.ts'
import { everywhere } from './everywhere.ts'
import { type Fleet, foreignRelease, type Machine } from './fleet.ts'
import type { Goal } from './goal.ts'
import type { HostView } from './inspect.ts'
import type { FleetLock } from './lock.ts'

/** Whose entries they are. */
export interface Writer {
  readonly fleet: Fleet
  readonly lock: FleetLock
  /** `ada@laptop` */
  readonly by: string
}

export interface FleetJournal {
  /** On every host, before anything is changed for the goal. Rejects where one of them cannot write it. */
  begin(goal: Goal, views: readonly HostView[]): Promise<void>
  /** `outcome`: null where it failed before any host was taken out. What was not begun has no end. Never rejects. */
  end(outcome: Outcome | null, exitCode: ExitCode): Promise<void>
}

export function openJournal(writer: Writer): FleetJournal {
  const { fleet } = writer
  let isBegun = false
  return {
    begin: (goal, views) => {
      isBegun = true
      return begin(writer, goal, views)
    },
    end: async (outcome, exitCode) => {
      if (!isBegun) return
      const entry: Ended = { ...signed(writer, 'ended'), outcome: outcome?.kind ?? 'failed', exitCode }
      const written = await everywhere(whoAnswers(fleet, outcome), (machine) => append(writer, machine, entry))
      const [failure] = written.flatMap((each) => (each.ok ? [] : [each.error]))
      // Whoever has lost the lock is told so, and is not the last one any more.
      if (failure === undefined || failure.code === 'locked' || written.some(({ ok }) => ok)) return
      fleet.report({ type: 'note', level: 'warning', text: `no host knows how it ended: ${failure.message}` })
    },
  }
}

/** That one of them knows how it ended is enough: a machine that is lost is not waited for. */
function whoAnswers({ machines }: Fleet, outcome: Outcome | null): readonly Machine[] {
  const isWell = ({ state }: HostOutcome): boolean => state === 'serving' || state === 'out by hand'
  const well = new Set(outcome?.hosts.filter(isWell).map(({ host }) => host))
  return well.size === 0 ? machines : machines.filter(({ name }) => well.has(name))
}

async function begin(
  writer: Writer,
  { kind, manifest: { id, sha, ref } }: Goal,
  views: readonly HostView[],
): Promise<void> {
  const common = { ...signed(writer, 'begun'), kind, release: id, sha, ref }
  const written = await everywhere(views, ({ machine, runs }) =>
    append(writer, machine, { ...common, from: runs === foreignRelease ? null : runs }),
  )
  const failed = written.flatMap((each) => (each.ok ? [] : [each]))
  const [first] = failed
  if (first === undefined) return
  if (first.error.code === 'locked') throw first.error
  const names = failed.map(({ item }) => item.machine.name).join(', ')
  const { code, message, output } = first.error
  throw new UserError(code, `The journal could not be written on ${names}. Nothing was changed.`, {
    ...(code === 'host-command' ? { hint: 'Is there room on its disk, below `path`?' } : {}),
    output: output === undefined ? message : `${message}\n${output}`,
    cause: first.error,
  })
}

async function append({ lock }: Writer, machine: Machine, entry: JournalEntry): Promise<void> {
  const { depot } = await lock.guarded(machine)
  await depot.journal(entry)
}

/** The machine, whose every note goes into its journal as well. */
export function journaled(writer: Writer, machine: Machine): Machine {
  const { depot } = machine
  return { ...machine, depot: { ...depot, note: (manifest) => depot.note(manifest, entryOf(writer, manifest)) } }
}

/** What a manifest says of its release now. `step`: in which it failed. */
export function entryOf(writer: Writer, { id, state, reason = '' }: Manifest, step = ''): JournalEntry {
  return state === 'failed'
    ? { ...signed(writer, state), release: id, step, reason }
    : { ...signed(writer, state), release: id }
}

/** In the order in which they are read best. */
function signed<Event extends JournalEntry['event']>({ fleet, lock, by }: Writer, event: Event) {
  return { at: isoNow(fleet.clock), by, token: lock.token, event }
}
