/** Everything that a person or a program is shown, as one stream of events. Output only draws these. */
import type { Batch, HostName, Outcome, ReleaseId, Step } from './model.ts'

export type Phase =
  | 'connect'
  | 'lock'
  | 'inspect'
  | 'preflight'
  | 'resolve'
  | 'prepare'
  | 'migrate'
  | 'roll'
  | 'settle'
  | 'setup'

export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 130

/** What one host looks like, for `status`. */
export interface HostStatus {
  readonly host: HostName
  readonly reachable: boolean
  readonly release: ReleaseId | null
  readonly sha: string | null
  readonly rotation: 'in' | 'out' | 'out by hand' | 'mixed' | 'no balancer' | 'unknown'
  readonly healthy: boolean | null
  /** `200 in 12 ms`, or why it could not be asked. */
  readonly health: string
  /** ISO 8601, UTC: when the release was activated; null where that is not known. */
  readonly since: string | null
  /** Each thing that somebody should look at. */
  readonly attention: readonly string[]
}

/** What runs beside install, build and reload; each is empty where it would not run. */
export interface PlannedHooks {
  readonly preDeployLocal: readonly string[]
  readonly preDeploy: readonly string[]
  readonly postSetup: readonly string[]
  readonly postDeployLocal: readonly string[]
}

export interface PlannedHost {
  readonly host: HostName
  readonly from: string | null
  /** `roll`, `leave alone`, `roll, stays out`, or `skip`. */
  readonly what: string
}

/** The disk of a host on which the release is still to be prepared. */
export interface HostRoom {
  readonly host: HostName
  /** How many are there. */
  readonly releases: number
  readonly takenBytes: number
  /** null: not known. */
  readonly freeBytes: number | null
  readonly freeInodes: number | null
  /** What a new release will take, by the largest one there; null: none was measured. */
  readonly needBytes: number | null
  readonly needInodes: number | null
  /** Releases that are removed before it is prepared. */
  readonly goesFirst: readonly ReleaseId[]
  /** And once it is deployed. */
  readonly goesAfter: readonly ReleaseId[]
  /** What there is too little of, even then; null: there is enough. */
  readonly lacks: 'bytes' | 'inodes' | null
}

export interface HostRelease {
  readonly host: HostName
  readonly release: ReleaseId | null
  /** Full. */
  readonly sha: string | null
}

export interface Deployed {
  /** How many releases back: what `revert` takes. 0: deployed last. */
  readonly back: number
  readonly release: ReleaseId
  /** Full. */
  readonly sha: string
  /** ISO 8601, UTC. */
  readonly at: string
  readonly by: string
  /** Where it still is; null: on every host. */
  readonly only: readonly HostName[] | null
}

export type Report =
  | {
      readonly type: 'started'
      readonly command: string
      readonly environment: string
      readonly hosts: readonly HostName[]
    }
  | { readonly type: 'phase'; readonly phase: Phase }
  | { readonly type: 'note'; readonly level: 'info' | 'warning'; readonly host?: HostName; readonly text: string }
  | {
      readonly type: 'finding'
      readonly weight: 'error' | 'warning' | 'note'
      /** The machine, or several with commas; left out where it is about the configuration. */
      readonly host?: string
      readonly text: string
      /** What follows from it. */
      readonly why?: string
      /** Where the line of the hint is to be written. */
      readonly file?: string
      readonly line?: number
      /** The key of the configuration that it is about. */
      readonly key?: string
      readonly hint?: string
    }
  /** The end of an examination, of which all findings were told before. */
  | {
      readonly type: 'examined'
      readonly environment: string
      /** What was looked at, one phrase each. */
      readonly looked: readonly string[]
    }
  | {
      readonly type: 'resolved'
      readonly ref: string
      readonly sha: string
      readonly from: string | null
      readonly release: ReleaseId /** `sha7 subject`, newest first, where the deployer's clone knows them */
      readonly commits: readonly string[]
    }
  /** A line that a remote command wrote; shown with --verbose. */
  | { readonly type: 'output'; readonly host: HostName; readonly line: string }
  | {
      readonly type: 'step'
      readonly state: 'started' | 'done' | 'failed'
      readonly hosts: readonly HostName[]
      readonly step: Step | 'prepare' | 'migrate' | 'stop'
      readonly release: ReleaseId | null /** going back? */
      readonly back: boolean
      readonly tookMs?: number
      readonly reason?: string /** last lines of a log or of stderr */
      readonly log?: string
    }
  /** Progress inside a step: `3 connections left`. */
  | {
      readonly type: 'waiting'
      readonly host: HostName
      readonly step: Step | 'prepare' | 'migrate'
      readonly text: string
    }
  /** Nothing more is begun before somebody says yes. `until`: ISO 8601, UTC; then it counts as a no. */
  | { readonly type: 'paused'; readonly after: readonly HostName[]; readonly until: string }
  | { readonly type: 'answered'; readonly answer: 'resume' | 'abort'; readonly by: string }
  | { readonly type: 'serving'; readonly serving: number; readonly total: number }
  | {
      readonly type: 'plan'
      readonly sha: string
      readonly from: string | null
      readonly release: ReleaseId
      readonly batches: readonly Batch[]
      /** What had to be made smaller than it is written, one sentence each. */
      readonly cuts: readonly string[]
      readonly minServing: number
      /** 0: no soak. */
      readonly soakMs: number
      readonly skipped: readonly HostName[]
      /** `npm run migrate, once, on web-1`; null: none is due. */
      readonly migrate: string | null
      readonly hosts: readonly PlannedHost[]
      readonly room: readonly HostRoom[]
      /** What the release has from elsewhere than the repository, one sentence each. */
      readonly shared: readonly string[]
      readonly hooks: PlannedHooks
      readonly prepare: readonly string[]
      readonly activate: readonly string[]
      readonly reason: string
    }
  | {
      readonly type: 'status'
      readonly environment: string
      readonly hosts: readonly HostStatus[]
      readonly lock: string | null
      /** Which deploy was cut off last, and what to do about it; null: none. */
      readonly cutOff: string | null
    }
  /** What is activated, or was before that, on each host that could be looked at; null: nothing. */
  | {
      readonly type: 'releases'
      readonly what: 'current' | 'previous'
      readonly hosts: readonly HostRelease[]
      /** Every host of the configuration was seen, and all say the same. */
      readonly agree: boolean
    }
  /** What was deployed, newest first. */
  | { readonly type: 'history'; readonly deployed: readonly Deployed[] }
  /** A line of a command that was run for its output. */
  | {
      readonly type: 'printed'
      readonly host: HostName
      readonly stream: 'stdout' | 'stderr'
      readonly line: string
    }
  /** That command's end on a host. `code`: null where it has none, for it was ended or not reached; `reason` says so. */
  | { readonly type: 'ran'; readonly host: HostName; readonly code: number | null; readonly reason: string }
  | {
      readonly type: 'finished'
      readonly command: string
      readonly outcome: Outcome
      readonly exitCode: ExitCode
      readonly fromSha: string | null
      readonly toSha: string | null
      readonly tookMs: number /** how long each host was out of rotation */
      readonly outMs: Readonly<Record<HostName, number>>
    }
  | {
      readonly type: 'error'
      readonly code: string
      readonly message: string
      readonly hint?: string
      readonly output?: string
      readonly exitCode: ExitCode
    }

/** A report with the moment at which it happened. */
export type Reported = Report & { /** ISO 8601, UTC, milliseconds */ readonly at: string }

/** What draws the events. `close` waits until everything is written, and gives the terminal back. */
export interface Output {
  show(report: Reported): void
  close(): Promise<void>
}
