/** The port to a machine: run a command there. Adapters: `ssh.ts`. */
import type { Limit } from './limits.ts'

export interface CommandResult {
  /** The exit status; null where a signal ended it or its time was over. */
  readonly code: number | null
  readonly signal: string | null
  /** True where our time limit ended it. */
  readonly timedOut: boolean
  /** At most `outputMax` bytes each: the *last* ones, where there were more. */
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly timeoutMs: number
  /** Written to the command's standard input, which is then closed. */
  readonly stdin?: string
  /** Called for each whole line while it runs. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void
  /** Aborted: its session is ended, as when its time is over, and the result has neither `code` nor `timedOut`. */
  readonly signal?: AbortSignal
}

/** A command that goes on running while we hold it: a lock, a connection held open. */
export interface HeldCommand {
  /** Writes to its standard input. Does nothing once it has ended. */
  write(text: string): void
  /**
   * Resolves with the next line of its stdout; with null once it has ended. One caller at a time. Rejects with UserError
   * `host-command` where nothing is said within the limit.
   */
  nextLine(limit: Limit): Promise<string | null>
  /** Resolves, and never rejects, when it has ended for whatever reason (the connection's loss too). */
  readonly ended: Promise<CommandResult>
  /** Closes its standard input, then the channel. May be called twice. */
  release(): Promise<void>
}

export interface Host {
  /** As in the configuration, unique in the fleet: `10.0.0.11`, `web-1`, or `10.0.0.11:2222` where two differ by port only. */
  readonly name: string
  /** The address without user and port: what the balancer's server list names. */
  readonly address: string
  /**
   * Runs a POSIX shell script (`sh -c`, text of any length) and waits for its end. An exit status other than 0 is a
   * result, not an error. Rejects with UserError `host-unreachable` where the connection cannot be had or was lost
   * while it ran: then it may have had its effect, or not. A lost connection is made anew by the next call.
   * When its time is over its session is ended, with each process group in it, and the result says `timedOut`.
   */
  run(script: string, options: RunOptions): Promise<CommandResult>
  /** Starts a script and holds it. Rejects as `run` does. It ends, by its stdin's end, when the connection goes. */
  hold(script: string): Promise<HeldCommand>
  /** Ends the connection, and what is held with it. May be called twice. */
  close(): Promise<void>
}
