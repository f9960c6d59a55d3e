/**
 * The port to what zdr-deploy keeps on a host: the mirror, the releases and their manifests, the link to the one that
 * is activated, the history, the journal, the lock, and what is asked and answered while a deploy is paused. Adapter: `shell-depot.ts`.
 *
 * Every call rejects with UserError `host-unreachable` where the connection cannot be had, or was lost meanwhile (then
 * it may have had its effect, or not), and may be repeated. What changes something rejects with `locked` on a guarded
 * depot that has lost the lock.
 */
import type { HistoryEntry, Manifest, MigrationEntry } from './history.ts'
import type { Host } from './host.ts'
import type { Inspection } from './inspection.ts'
import type { Installs } from './installs.ts'
import type { JournalEntry } from './journal.ts'
import type { Limit } from './limits.ts'
import type { Lockable } from './lockable.ts'
import type { Sharing } from './sharing.ts'
import type { ReleaseSize } from './sizes.ts'

export type OnLine = (line: string, stream: 'stdout' | 'stderr') => void

export interface Source {
  readonly repo: string
  /** null: the whole history. */
  readonly depth: number | null
}

export interface Commands {
  /** Where they start: a release, the link to it, or null for the login folder. Absolute. */
  readonly directory: string | null
  readonly commands: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Only in a release that is prepared. Absent: an install is a command like others. */
  readonly installs?: Installs
}

export interface Running extends Limit {
  /** What could not be done, for people, where it ends badly: `pre-deploy failed`. */
  readonly what: string
  readonly onLine?: OnLine
  /** Aborted: it is ended. Not for a step (`guarded`), which outlives whoever began it. */
  readonly signal?: AbortSignal
  /** Half of it is worse than waiting for it: nobody ends it but its own time limit, neither another deploy nor `endStep`. */
  readonly isLasting?: true
}

/** A deploy that waits for a yes. */
export interface Pause {
  readonly token: string
  /** The hosts that have the new release. */
  readonly after: readonly string[]
  /** ISO 8601, UTC, by the deployer's clock. */
  readonly since: string
  readonly until: string
}

export interface Answer {
  /** Of the deploy that it is meant for. */
  readonly token: string
  readonly answer: 'resume' | 'abort'
  readonly by: string
}

export interface Depot extends Lockable {
  /** All that stands on the host. Changes nothing. Rejects with `host-command` where it cannot be told in full. */
  inspect(): Promise<Inspection>

  /** Rejects with `locked` where the lock is not of this token any more. Read only. */
  assertOurs(token: string): Promise<void>
  /**
   * The host and its depot for a step that changes something: each script first checks, on the host, that the lock is
   * of this token, and acts while no earlier step is still running there. It waits for one of the same token, for as
   * long as it may take itself, and half a minute at least, and rejects with `host-command` where that goes on all the
   * same; one that it gave up itself (`host-unreachable`), or of another token, whose lock was taken over, it ends. One
   * that is lasting it waits for as well, and rejects with `locked` where that is of another token and goes on.
   *
   * A step does not need the connection. Where that is lost, it is had again and the step followed to its end, or begun
   * where it never was, but never twice: its result is the same. It rejects with `host-unreachable` where the host is
   * out of reach for a minute (for half a minute, where it did not say that it had begun), or has forgotten how the
   * step ended (it lost its power): then it may have had its effect, or not. The time limit holds on the host, whether
   * anybody listens or not. Lines of both streams arrive within a fifth of a second; their order between the two is lost.
   */
  guarded(token: string): { readonly host: Host; readonly depot: Depot }
  /**
   * Ends the step of that deploy that is under way here, if there is one. Needs no lock. Resolves with true where it
   * goes on all the same, for it is lasting: it ends by itself within its time limit.
   */
  endStep(token: string): Promise<boolean>

  /** Makes the folders; those below `shared` too, for these paths. */
  setUp(shared?: readonly string[]): Promise<void>
  /** Brings the mirror up to date. Rejects with `git`. Touches only the mirror. */
  fetch(source: Source): Promise<void>
  /** The full SHA of a ref, from the mirror. Rejects with `git` where there is none, or more than one. */
  resolve(ref: string): Promise<string>
  /** Whether the mirror has that commit. Asks no network. */
  hasCommit(sha: string): Promise<boolean>
  /** Lays the manifest's commit out as a release. One that is there is left alone; half of one is made anew. Rejects with `git` or `host-command`. */
  layOut(manifest: Pick<Manifest, 'id' | 'sha'>): Promise<void>
  /** Which of these files are not there below `shared`. Read only. */
  lacking(files: readonly string[]): Promise<readonly string[]>
  /**
   * Brings the uploads, and puts what is shared into a release that is there. Rejects with `host-command` where a shared
   * file is missing, or something of the repository would be lost for it. What is uploaded stands in no message.
   */
  share(release: string, sharing: Sharing): Promise<void>
  /** Runs the user's commands, one after another in one shell, until one fails. Rejects with `host-command`, with its last lines, and the result as its cause. */
  run(commands: Commands, running: Running): Promise<void>
  /** Writes or replaces a manifest as a whole, and then appends `entry` to the journal. */
  note(manifest: Manifest, entry?: JournalEntry): Promise<void>
  /** Appends to the journal; repeated, it adds nothing. The end of a deploy takes its oldest lines off where there are many. */
  journal(entry: JournalEntry): Promise<void>
  /** Points `current` at a release, atomically. Rejects with `host-command` where there is no such release. */
  activate(release: string): Promise<void>
  /** Appends to the history; repeated, it adds nothing. */
  remember(entry: HistoryEntry): Promise<void>
  /** Appends to what is known of migrations; repeated, it adds nothing. */
  noteMigration(entry: MigrationEntry): Promise<void>
  /** Removes the releases that are not kept, and what a killed run left half laid out; never the one that `current` points at. */
  prune(keepIds: readonly string[]): Promise<void>
  /** What each release takes. Keeps what it has measured, and changes nothing else. */
  measure(): Promise<readonly ReleaseSize[]>

  /** Says that a deploy waits for a yes; null: it does not any more, and its answer goes. */
  pause(pause: Pause | null): Promise<void>
  paused(): Promise<Pause | null>
  /** For the deploy that waits; needs no lock. */
  answer(answer: Answer): Promise<void>
  /** The answer to the deploy of this token; null: none yet. */
  answered(token: string): Promise<Answer | null>
}
