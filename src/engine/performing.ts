import type { Manifest } from '../hosts/history.ts'
import type { Process } from '../processes/processes.ts'
import type { HostName, ReleaseId } from '../rollout/model.ts'
import type { Fleet } from './fleet.ts'
import type { FleetLock } from './lock.ts'
import type { AskPerson } from './pause.ts'

/** What performing needs to know beside the fleet. Its maps are its only memory. */
export interface Performing {
  readonly fleet: Fleet
  readonly lock: FleetLock
  /** What each host knows of its releases, as noted there last. */
  readonly manifests: ReadonlyMap<HostName, Map<ReleaseId, Manifest>>
  /** The pids that the last reload had to replace. None: nothing was reloaded since it was verified. */
  readonly replaced: Map<HostName, ReadonlySet<number>>
  /** The processes that were verified last: a soak watches these. */
  readonly standing: Map<HostName, readonly Process[]>
  /** Releases that every host ran once: what fails with one of them says nothing against it. */
  readonly proven: ReadonlySet<ReleaseId>
  readonly askPerson: AskPerson
  /** `ada@laptop` */
  readonly by: string
}
