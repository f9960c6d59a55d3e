/** The machines and ports that a deploy works with, put together by `commands`. */
import type { Balancer } from '../balancers/balancer.ts'
import type { Health } from '../health/health.ts'
import type { Depot } from '../hosts/depot.ts'
import type { Manifest } from '../hosts/history.ts'
import type { Host } from '../hosts/host.ts'
import type { Layout } from '../hosts/layout.ts'
import type { Limits } from '../hosts/limits.ts'
import type { Activation, Processes } from '../processes/processes.ts'
import type { HostName, ReleaseId } from '../rollout/model.ts'
import type { Report } from '../rollout/report.ts'
import type { Clock } from './clock.ts'

export interface Machine {
  readonly name: HostName
  /** With the PATH that was found to have all tools. */
  readonly host: Host
  readonly layout: Layout
  /** What we keep there. */
  readonly depot: Depot
}

export interface Times {
  readonly passes: number
  readonly intervalMs: number
  readonly stableMs: number
  /** How long a host must stay well in rotation before the next batch; 0: not watched. */
  readonly soakMs: number
  /** How long a pause waits for a yes. */
  readonly pauseTimeoutMs: number
  readonly startMs: number
  readonly drainTimeoutMs: number
  /** A host that says nothing for so long when asked whether it is well is not: a lost machine is not waited for. */
  readonly silentMs: number
}

export interface Fleet {
  readonly environment: string
  readonly machines: readonly Machine[]
  /** Hosts of the configuration that it goes on without, because somebody said so. The balancer knows them. */
  readonly skipped: readonly HostName[]
  readonly balancer: Balancer
  /** null: no health check is configured, and running processes have to do. */
  readonly health: Health | null
  /** For a host that no release of ours says it of: the configuration's. */
  readonly defaultManager: Manifest['manager']
  readonly processesOf: (manager: Manifest['manager'], machine: Machine) => Processes
  readonly times: Times
  readonly limits: Limits
  readonly onDrainTimeout: 'fail' | 'continue'
  readonly clock: Clock
  readonly report: (report: Report) => void
}

/** Something runs on the host that no release of ours explains. It can be left alone and verified as healthy, never activated. */
export const foreignRelease: ReleaseId = 'something zdr-deploy did not deploy'

export function machineOf(fleet: Fleet, name: HostName): Machine {
  const machine = fleet.machines.find((candidate) => candidate.name === name)
  if (machine === undefined) throw new Error(`${name} is not in the fleet`)
  return machine
}

export function activationOf({ layout }: Machine, manifest: Manifest): Activation {
  return {
    directory: manifest.takenOver ? layout.source : `${layout.releases}/${manifest.id}`,
    current: layout.current,
    commands: manifest.activate,
    env: manifest.env,
    environment: manifest.environment,
  }
}
