import { appendHistoryScript, type HistoryEntry, previousDeployed } from '../hosts/history.ts'
import { pruneScript } from '../hosts/release.ts'
import { describe } from './describe.ts'
import { everywhere } from './everywhere.ts'
import type { Fleet } from './fleet.ts'
import type { HostView } from './inspect.ts'
import type { FleetLock } from './lock.ts'
import { releasesToKeep } from './plan.ts'
import { run } from './prepare.ts'

/** Removing some 100,000 small files. */
const pruneTimeoutMs = 5 * 60_000
const quickTimeoutMs = 30_000

export interface Settling {
  readonly fleet: Fleet
  readonly lock: FleetLock
  readonly views: readonly HostView[]
  readonly keep: number
}

/**
 * After every host was verified: writes it into each host's history, then removes what is old. What cannot be done is a
 * warning: the release serves. The history is written first, so that the release before is known, and kept.
 */
export async function settle(settling: Settling, entry: HistoryEntry): Promise<void> {
  const settled = await everywhere(settling.views, (view) => settleHost(settling, view, entry))
  for (const each of settled) {
    if (each.ok) continue
    settling.fleet.report({
      type: 'note',
      level: 'warning',
      host: each.item.machine.name,
      text: `tidying up failed: ${describe(each.error).reason}`,
    })
  }
}

async function settleHost({ lock, keep }: Settling, view: HostView, entry: HistoryEntry): Promise<void> {
  const { machine, inspection } = view
  const host = await lock.guarded(machine)
  const isNew = previousDeployed(inspection.history, null) !== entry.release
  if (isNew)
    await run(host, appendHistoryScript(machine.layout, entry), {
      what: 'the history could not be written',
      timeoutMs: quickTimeoutMs,
    })
  const history = isNew ? [...inspection.history, entry] : inspection.history
  const releases = [...new Set([...inspection.releases, entry.release])]
  const kept = releasesToKeep(
    { ...view, inspection: { ...inspection, history, releases } },
    { goal: entry.release, keep },
  )
  if (releases.every((id) => kept.includes(id))) return
  await run(host, pruneScript(machine.layout, kept), {
    what: 'old releases could not be removed',
    timeoutMs: pruneTimeoutMs,
  })
}
