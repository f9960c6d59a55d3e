/** The vocabulary of a rollout. Types, and the one order of steps. Imports nothing. */

export type HostName = string
export type ReleaseId = string

/** What is done to one host, in order. Every step may be repeated. `take-out` and `put-back` change the balancer, for several hosts at once. */
export const steps = ['take-out', 'drain', 'activate', 'reload', 'verify', 'put-back', 'confirm', 'soak'] as const
export type Step = (typeof steps)[number]

/** What was seen of one host before the first step. */
export interface HostAtStart {
  readonly host: HostName
  /** The release it goes back to when something fails; null: none ever ran here. */
  readonly from: ReleaseId | null
  /** False: `from` can be verified and put back as long as it runs, and not be activated again once it was replaced. */
  readonly canReturn: boolean
  /** The release that its processes were seen to run, verified; null: none, or nothing certain. */
  readonly runs: ReleaseId | null
}

/** Hosts that are out at the same time: a fixed group. */
export interface Batch {
  readonly hosts: readonly HostName[]
  /** Wait for a yes before the next one. */
  readonly pause: boolean
}

export interface Plan {
  readonly goal: ReleaseId
  /** In the order in which they are rolled. */
  readonly batches: readonly Batch[]
  readonly hosts: readonly HostAtStart[]
  readonly minServing: number
  readonly onFailure: 'rollback' | 'stop'
  /** False: one host alone, or no balancer. Nothing is taken out; the reload itself must be graceful. */
  readonly rotation: boolean
  /** There is a balancer, which can leave out a host that is skipped, even where the one that takes part is alone. */
  readonly balanced: boolean
  /** What the balancer can do without rights that it lacks. Pure. */
  readonly canPublish: (out: readonly HostName[]) => boolean
  /** After it was put back, a host is watched for a while before the next batch begins. */
  readonly soak: boolean
  /** Hosts that this rollout goes on without, because somebody said so: they are kept out of rotation. */
  readonly skipped: readonly HostName[]
}

/**
 * `waiting`: nothing under way. `settled`: on its target, verified, and where it belongs. `lost`: its recovery failed
 * as well, and the balancer was seen to leave it out. `unknown`: the same, but that could not be seen. `stopped`:
 * there is no release to go back to, this one failed, and its processes were stopped. `skipped`: the rollout goes on without
 * it, and never touches it.
 */
export type At = 'waiting' | Step | 'stop' | 'settled' | 'stopped' | 'lost' | 'unknown' | 'skipped'

export interface Progress {
  readonly host: HostName
  /** The release this host is moving to, or stands on. */
  readonly target: ReleaseId | null
  readonly at: At
  /** What is being done to it. Only this action's end counts: an abandoned one may still report its own. */
  readonly doing: Action | null
  /** The release verified on it last; null from the moment at which its processes may have been touched since. */
  readonly verified: ReleaseId | null
  /** Its link or processes may have been touched since it was last settled. */
  readonly touched: boolean
  /** On its way back after a failure. A second failure then ends our efforts: it is lost. */
  readonly returning: boolean
  /** The hosts that went on serving when it was taken out; empty where it did not serve itself, so that putting it back brings nothing. */
  readonly alongside: readonly HostName[]
  /** How often it was put back unchanged because another host was needed. */
  readonly recalls: number
  /** Why it is going, or went, back. */
  readonly reason: string | null
}

/** What balancer and health checks said last. A host that could not be asked is not healthy. */
export interface Observation {
  readonly out: readonly HostName[]
  readonly mixed: readonly HostName[]
  /** Those of `out` that an operator took out: they get the release, and stay out. */
  readonly byHand: readonly HostName[]
  readonly healthy: readonly HostName[]
  /** Those of the others that could not be asked: nobody knows how they are. They do not count as serving either. */
  readonly unheard: readonly HostName[]
}

export type Action =
  /** Ask balancer and hosts what is so now. */
  | { readonly type: 'observe' }
  /** Make the balancer's out set so. `hosts`: whom it is done for. */
  | {
      readonly type: 'publish'
      readonly step: 'take-out' | 'put-back'
      readonly hosts: readonly HostName[]
      readonly out: readonly HostName[]
    }
  | {
      readonly type: 'step'
      readonly step: 'drain' | 'activate' | 'reload' | 'verify' | 'confirm' | 'soak'
      readonly host: HostName
      readonly release: ReleaseId
    }
  /** Stop the processes of a first release that failed. */
  | { readonly type: 'stop'; readonly host: HostName; readonly release: ReleaseId }
  /** Wait for a yes. `after`: the batch that it is asked about. Done: yes. Failed: no, or nobody answered in time. */
  | { readonly type: 'pause'; readonly after: readonly HostName[] }
  /** No move that leads on is allowed. `hosts`: those that are stuck under way; empty where the next batch may not start. */
  | { readonly type: 'give-up'; readonly hosts: readonly HostName[]; readonly reason: string }

export type Event =
  | { readonly type: 'started'; readonly action: Action }
  | { readonly type: 'done'; readonly action: Action }
  | { readonly type: 'failed'; readonly action: Action; readonly reason: string }
  | { readonly type: 'observed'; readonly observation: Observation }
  /** A person or the system asked to end: no new batch. */
  | { readonly type: 'interrupted'; readonly reason: string }

export interface Rollout {
  readonly plan: Plan
  readonly direction: 'forward' | 'back' | 'stop'
  readonly interrupted: string | null
  readonly failure: string | null
  readonly fleet: readonly Progress[]
  readonly servedAtStart: readonly HostName[]
  readonly observed: Observation
  /** False as soon as anything changed since it was observed. */
  readonly fresh: boolean
  /** The last look failed: what balancer and hosts are like is not known. */
  readonly blind: boolean
  /** Looking, or publishing: one at a time. */
  readonly doing: Action | null
  /** Waiting for a yes. An answer to any other question counts for nothing. */
  readonly pausing: Action | null
  /** Anything was changed that a user might feel. */
  readonly changed: boolean
}

export type OutcomeKind = 'deployed' | 'unchanged' | 'rolled back' | 'interrupted' | 'incomplete'

export interface HostOutcome {
  readonly host: HostName
  /** The release that was verified on it last; null where that is not known. */
  readonly release: ReleaseId | null
  readonly state: 'serving' | 'out by hand' | 'lost' | 'unknown' | 'stopped' | 'not serving' | 'skipped'
  readonly reason: string | null
}

export interface Outcome {
  readonly kind: OutcomeKind
  readonly hosts: readonly HostOutcome[]
  readonly failure: string | null
}
