import type { Answer } from '../health/health.ts'
import type { Manifest } from '../hosts/history.ts'
import type { Inspection } from '../hosts/inspection.ts'
import type { Process } from '../processes/processes.ts'
import type { ReleaseId } from '../rollout/model.ts'
import { describe } from './describe.ts'
import { activationOf, type Fleet, foreignRelease, type Machine } from './fleet.ts'
import { standsOn } from './verify.ts'

export interface HostView {
  readonly machine: Machine
  readonly inspection: Inspection
  readonly processes: readonly Process[]
  /** Why the process manager did not say what it runs; null where it did. */
  readonly fault: string | null
  /** null: no health check is configured. */
  readonly answer: Answer | null
  readonly healthy: boolean
  /** The release that all its processes were seen to stand on, healthily; `foreignRelease` where something else is well; null: nothing certain. */
  readonly runs: ReleaseId | null
}

/** Looks at a host without changing anything. Rejects with UserError `host-unreachable` or `host-command`. */
export async function inspectHost(fleet: Fleet, machine: Machine): Promise<HostView> {
  const inspection = await machine.depot.inspect()
  const manifest = activeManifest(inspection)
  const activation = manifest === null ? undefined : activationOf(machine, manifest)
  const processes = fleet.processesOf(manifest?.manager ?? fleet.defaultManager, machine)
  const [running, answer] = await Promise.all([
    askManager(processes.running(machine.host, activation)),
    fleet.health === null ? null : askHealth(fleet, machine),
  ])
  const isOnline = running.processes.some(({ status }) => status === 'online')
  const view = { machine, inspection, ...running, answer, healthy: answer === null ? isOnline : answer.healthy }
  return { ...view, runs: runningRelease(view) }
}

async function askManager(running: Promise<readonly Process[]>): Promise<Pick<HostView, 'processes' | 'fault'>> {
  try {
    return { processes: await running, fault: null }
  } catch (error) {
    return { processes: [], fault: describe(error).reason }
  }
}

async function askHealth(fleet: Fleet, machine: Machine): Promise<Answer> {
  try {
    if (fleet.health === null) return { healthy: false, detail: 'no health check' }
    return await fleet.health.check(machine.host)
  } catch (error) {
    return { healthy: false, detail: describe(error).reason }
  }
}

export function activeManifest({ current, manifests }: Inspection): Manifest | null {
  return current.kind === 'release' ? (manifests.find(({ id }) => id === current.id) ?? null) : null
}

function runningRelease({ machine, inspection, processes, healthy }: Omit<HostView, 'runs'>): ReleaseId | null {
  if (!healthy) return null
  const manifest = activeManifest(inspection)
  const directory = manifest === null ? null : activationOf(machine, manifest).directory
  const isStanding =
    directory !== null &&
    processes.length > 0 &&
    processes.every((each) => each.status === 'online' && standsOn(each, directory))
  if (manifest !== null && isStanding) return manifest.state === 'verified' ? manifest.id : null
  return manifest === null ? foreignRelease : null
}
