/** Whether a new release has room on a host, and what goes to make it. */
import type { Finding } from '../balancers/balancer.ts'
import type { ReleaseSize } from '../hosts/sizes.ts'
import type { ReleaseId } from '../rollout/model.ts'
import type { HostRoom } from '../rollout/report.ts'
import { describe } from './describe.ts'
import { everywhere } from './everywhere.ts'
import type { Fleet } from './fleet.ts'
import type { HostView } from './inspect.ts'
import { refuseErrors, reportFindings } from './look.ts'
import { releasesToKeep } from './plan.ts'
import { isPrepared } from './prepare.ts'
import { standsOn } from './verify.ts'

const bytesPerMiB = 1024 * 1024
/** What stays free beside a new release: the mirror grows, and a full disk takes the running app along. */
export const spareBytes = 100 * bytesPerMiB
const spareInodes = 1_000

export interface Incoming {
  readonly goal: ReleaseId
  /** How many releases stay on a host. */
  readonly keep: number
}

/** Of each host on which the release is still to be prepared. Changes nothing. */
export async function roomOf(
  fleet: Fleet,
  views: readonly HostView[],
  incoming: Incoming,
): Promise<readonly HostRoom[]> {
  const due = views.filter((view) => !isPrepared(view, incoming.goal))
  const measured = await everywhere(due, (view) => view.machine.depot.measure())
  return measured.map((each) => {
    if (each.ok) return hostRoom(each.item, each.value, incoming)
    const text = `what its releases take is not known: ${describe(each.error).reason}`
    fleet.report({ type: 'note', level: 'warning', host: each.item.machine.name, text })
    return hostRoom(each.item, [], incoming)
  })
}

/** Rejects with UserError `preflight`, after all was reported, where a host does not have it. */
export function assertRoom({ report }: Pick<Fleet, 'report'>, rooms: readonly HostRoom[]): void {
  const findings = rooms.flatMap(judge)
  reportFindings(findings, report)
  refuseErrors(findings)
}

/** What failed goes first, and at once. What a deploy would leave over goes before it only where room is short. */
export function hostRoom(view: HostView, sizes: readonly ReleaseSize[], incoming: Incoming): HostRoom {
  const { inspection, machine } = view
  const whole = sizes.filter(({ release }) => inspection.manifests.some(({ id }) => id === release))
  const largest = (unit: Unit): number | null =>
    whole.length === 0 ? null : Math.max(...whole.map((size) => size[unit]))
  const present = {
    host: machine.name,
    releases: inspection.releases.length,
    takenBytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
    freeBytes: inspection.freeBytes,
    freeInodes: inspection.freeInodes,
    needBytes: largest('bytes'),
    needInodes: largest('inodes'),
  }
  const { failed, surplus } = removable(view, incoming)
  const lacksAfter = (gone: readonly ReleaseId[]): HostRoom['lacks'] =>
    lacks(
      present,
      sizes.filter(({ release }) => gone.includes(release)),
    )
  const first = [...failed]
  for (const id of surplus) if (lacksAfter(first) !== null) first.push(id)
  return { ...present, goesFirst: first, goesAfter: leftOver(view, incoming, first), lacks: lacksAfter(first) }
}

type Unit = 'bytes' | 'inodes'
type Present = Omit<HostRoom, 'goesFirst' | 'goesAfter' | 'lacks'>

function lacks(present: Present, gone: readonly ReleaseSize[]): HostRoom['lacks'] {
  const { freeBytes, freeInodes, needBytes, needInodes } = present
  const freed = (unit: Unit): number => gone.reduce((sum, size) => sum + size[unit], 0)
  if (freeBytes !== null && freeBytes + freed('bytes') < (needBytes ?? 0) + spareBytes) return 'bytes'
  if (freeInodes !== null && freeInodes + freed('inodes') < (needInodes ?? 0) + spareInodes) return 'inodes'
  return null
}

interface Removable {
  readonly failed: readonly ReleaseId[]
  /** Oldest first. */
  readonly surplus: readonly ReleaseId[]
}

/** Neither what runs, nor what is gone back to, nor what a process may still stand on. */
function removable(view: HostView, { goal, keep }: Incoming): Removable {
  const { inspection } = view
  const kept = releasesToKeep(inspection, { goal, keep })
  const candidates = inspection.releases.filter((id) => !kept.includes(id))
  const stateOf = (id: ReleaseId): string | undefined => inspection.manifests.find((each) => each.id === id)?.state
  const idle = candidates.filter((id) => stateOf(id) === undefined || isIdle(view, id))
  const isFailed = (id: ReleaseId): boolean => stateOf(id) === undefined || stateOf(id) === 'failed'
  return { failed: idle.filter(isFailed), surplus: idle.filter((id) => !isFailed(id)) }
}

/** A deploy that was cut off may have left processes on a release that is not the current one any more. */
function isIdle({ machine, processes, runs }: HostView, id: ReleaseId): boolean {
  const stand = processes.filter((process) => standsOn(process, `${machine.layout.releases}/${id}`))
  return stand.length === 0 && (runs !== null || processes.length > 0)
}

/** What goes once every host is verified on the goal. */
function leftOver(
  { inspection }: HostView,
  { goal, keep }: Incoming,
  gone: readonly ReleaseId[],
): readonly ReleaseId[] {
  const releases = inspection.releases.filter((id) => !gone.includes(id))
  const entry = { at: '', release: goal, sha: '', kind: 'deploy', by: '' } as const
  const after = { ...inspection, releases, current: { kind: 'release', id: goal } as const }
  const kept = releasesToKeep({ ...after, history: [...inspection.history, entry] }, { goal, keep })
  return releases.filter((id) => !kept.includes(id))
}

function judge(room: HostRoom): readonly Finding[] {
  const { host, lacks: lack, releases, takenBytes, goesFirst } = room
  if (lack === null) return []
  const made = goesFirst.length === 0 ? '' : `, and removing ${goesFirst.join(', ')} does not make enough`
  const taken = releases === 0 ? '' : ` ${releases} there take ${mebibytes(takenBytes)}: lower \`keep-releases\`.`
  const hint = `Make room: a release that fills the disk takes the running app along.${taken}`
  return [{ weight: 'error', host, text: `${needText(room)}${made}`, hint }]
}

function needText({ lacks: lack, needBytes, freeBytes, needInodes, freeInodes }: HostRoom): string {
  if (lack === 'inodes')
    return `a new release takes about ${needInodes ?? 0} inodes, ${spareInodes} are to stay free, and there are ${freeInodes ?? 0}`
  const need = needBytes === null ? '' : `a new release takes about ${mebibytes(needBytes)}, `
  return `${need}${mebibytes(spareBytes)} are to stay free, and there are ${mebibytes(freeBytes ?? 0)}`
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / bytesPerMiB)} MiB`
}
