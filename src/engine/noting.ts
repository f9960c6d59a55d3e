/** What each host remembers of its releases, as a rollout goes on. */
import { isOfHost, UserError } from '../errors.ts'
import type { Manifest } from '../hosts/history.ts'
import { isNotBegun } from '../hosts/job.ts'
import type { JournalEntry } from '../hosts/journal.ts'
import type { ReleaseId } from '../rollout/model.ts'
import { describe } from './describe.ts'
import { foreignRelease, type Machine } from './fleet.ts'
import { entryOf } from './journal.ts'
import type { Performing } from './performing.ts'

export function note(performing: Performing, machine: Machine, manifest: Manifest): Promise<void> {
  return write(performing, machine, { manifest, entry: entryOf(performing, manifest) })
}

async function write(
  { lock, manifests }: Performing,
  machine: Machine,
  { manifest, entry }: { readonly manifest: Manifest; readonly entry: JournalEntry },
): Promise<void> {
  const { depot } = await lock.guarded(machine)
  await depot.note(manifest, entry)
  manifests.get(machine.name)?.set(manifest.id, manifest)
}

export function manifestFor({ manifests }: Performing, { name }: Machine, release: ReleaseId): Manifest {
  const manifest = manifests.get(name)?.get(release)
  if (manifest !== undefined) return manifest
  throw new UserError(
    'no-release',
    release === foreignRelease
      ? 'what ran there before was not deployed by zdr-deploy, and cannot be started again'
      : `${name} has no release ${release} to go to`,
  )
}

export interface Tried {
  readonly machine: Machine
  readonly release: ReleaseId
  readonly step: 'reload' | 'verify' | 'soak'
}

/** Where it fails, that is noted of the release. */
export async function orNoted<Value>(performing: Performing, tried: Tried, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    await noteFailure(performing, tried, error)
    throw error
  }
}

/**
 * So that it is not used again. A release that every host ran once did not become bad: something else is wrong. Why it
 * failed is worth more to whoever waits than that it could not be noted as well.
 */
async function noteFailure(performing: Performing, { machine, release, step }: Tried, error: unknown): Promise<void> {
  if (performing.proven.has(release) || isNotOfRelease(error)) return
  const manifest: Manifest = {
    ...manifestFor(performing, machine, release),
    state: 'failed',
    reason: describe(error).reason,
  }
  try {
    await write(performing, machine, { manifest, entry: entryOf(performing, manifest, step) })
  } catch (failure) {
    const text = `that it failed could not be noted: ${describe(failure).reason}`
    performing.fleet.report({ type: 'note', level: 'warning', host: machine.name, text })
  }
}

/** A connection that was lost, a lock, a step that never began, or a port that somebody else has says nothing of it. */
function isNotOfRelease(error: unknown): boolean {
  if (isNotBegun(error) || isOfHost(error)) return true
  return error instanceof UserError && (error.code === 'host-unreachable' || error.code === 'locked')
}
