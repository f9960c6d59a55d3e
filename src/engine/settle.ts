import type { HistoryEntry } from '../hosts/history.ts'
import { describe } from './describe.ts'
import { everywhere } from './everywhere.ts'
import type { Fleet, Machine } from './fleet.ts'
import type { FleetLock } from './lock.ts'
import { lastDeployed, releasesToKeep } from './plan.ts'

export interface Settling {
  readonly fleet: Fleet
  readonly lock: FleetLock
  readonly keep: number
}

/**
 * Writes the entry, where every host was verified, into each host's history; then removes what is old or has failed, and
 * measures what is new. What cannot be done is a warning: it changes nothing for users. The history is written first, so
 * that the release before is known, and kept.
 */
export async function settle(settling: Settling, entry: HistoryEntry | null): Promise<void> {
  const settled = await everywhere(settling.fleet.machines, (machine) => settleHost(settling, machine, entry))
  for (const each of settled) {
    if (each.ok) continue
    const text = `tidying up failed: ${describe(each.error).reason}`
    settling.fleet.report({ type: 'note', level: 'warning', host: each.item.name, text })
  }
}

/** By what stands there now: a rollout lies between this and what was seen at its start. */
async function settleHost({ lock, keep }: Settling, machine: Machine, entry: HistoryEntry | null): Promise<void> {
  const { depot } = await lock.guarded(machine)
  const { history, ...inspection } = await machine.depot.inspect()
  const isNew = entry !== null && lastDeployed(history) !== entry.release
  if (isNew) await depot.remember(entry)
  const present = { ...inspection, history: isNew ? [...history, entry] : history }
  const kept = releasesToKeep(present, { goal: entry?.release ?? null, keep })
  if (!inspection.releases.every((id) => kept.includes(id))) await depot.prune(kept)
  // Its files were read just now: later it takes longer.
  if (isNew) await depot.measure()
}
