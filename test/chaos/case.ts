/** What goes wrong, at which step of which deploy, and what is allowed then. Data: play.ts plays it. */

import type { RunningDeploy } from '../lab/deployer.ts'
import type { Overrides } from '../lab/fleet.ts'
import type { Lab } from '../lab/lab.ts'
import type { Behaviour } from '../lab/releases.ts'

export interface ChaosCase {
  /** The table's heading. */
  readonly fault: string
  /** The table's first column. */
  readonly step: string
  /** How large a fleet it takes. */
  readonly hosts: 2 | 3
  /** `rollback`: back to the release before. */
  readonly command?: 'deploy' | 'rollback'
  /** Of the release that is deployed; good where it is not said. */
  readonly behaviour?: Behaviour
  /** Of the release that runs before, started anew for this case; a good one where it is not said. */
  readonly before?: Behaviour
  readonly overrides?: Overrides
  /** Before the deploy begins, and before the first request. */
  readonly prepare?: (scene: Scene) => Promise<void>
  /** While it runs. The case cannot be played where it rejects. */
  readonly strike?: (scene: Struck) => Promise<void>
  /** Takes back what the fault itself was, and nothing else: power, cable, disk space. */
  readonly heal?: (scene: Scene) => Promise<void>
  /** How many requests may fail, and why; none where it is not said. */
  readonly allowed?: Allowed
}

export interface Allowed {
  readonly requests: number
  readonly why: string
}

export interface Scene {
  readonly lab: Lab
  /** The release that ran before, and the one that is asked for. */
  readonly ran: string
  readonly asked: string
}

export interface Struck extends Scene {
  readonly deploy: RunningDeploy
  /** Says what is not as promised, in one sentence. */
  readonly fallsShort: (what: string) => void
}

export function titleOf({ fault, step }: Pick<ChaosCase, 'fault' | 'step'>): string {
  return `${fault} · ${step}`
}
