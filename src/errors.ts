/** Every way in which a user's input or surroundings can be wrong. Stable: scripts and tests may rely on them. */
export type ErrorCode =
  | 'usage' // the command line makes no sense
  | 'config' // the configuration file is missing, unreadable or wrong
  | 'host-unreachable' // no connection, or it was lost and could not be had again
  | 'host-key' // unknown or changed host key
  | 'authentication' // the host accepted none of our keys
  | 'host-command' // a command on a host ended badly, or not in time
  | 'preflight' // something is missing before anything was changed
  | 'locked' // another deploy is running
  | 'balancer' // the balancer did not do, or did not confirm, what it was asked
  | 'drain' // requests were still running when the time was over
  | 'verify' // the processes do not run the release, or do not answer healthily
  | 'no-release' // the release to go back to, or asked for, does not exist
  | 'interrupted' // a person or the system asked to end, before anything was changed that a user could feel
  | 'git' // the ref does not resolve, or the repository cannot be read

export interface ErrorDetails {
  /** What to do next, in a sentence or as a command. */
  readonly hint?: string
  /** Output that explains it (stderr, the last lines of a log), shown below the message. */
  readonly output?: string
  readonly cause?: unknown
}

/** Something that a user can understand and mend: it is shown without a stack. Anything else that is thrown is our bug. */
export class UserError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly output: string | undefined

  constructor(code: ErrorCode, message: string, { hint, output, cause }: ErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'UserError'
    this.code = code
    this.hint = hint
    this.output = output
  }
}

/** The `cause` of an error that says nothing of the release: something on the host is in the way of every one. */
export const ofHost = { isOfHost: true } as const

export function isOfHost(error: unknown): boolean {
  return error instanceof Error && error.cause === ofHost
}
