/** One script on one connection: begun, ended in time or by us, or lost with the connection. No ssh2 in here. */
import { UserError } from '../errors.ts'
import type { RunOptions } from './host.ts'
import { type Limit, limitText } from './limits.ts'
import { attend, type RemoteCommand, type ScriptChannel } from './remote-command.ts'
import { BOOTSTRAP, sendSignal } from './remote-script.ts'
import { atMost, LATE } from './time-limit.ts'

export interface Connection {
  /** Of the host, for messages. */
  readonly name: string
  /** For the server to open a session, and for the login shell there to begin. */
  readonly limit: Limit
  /** Starts a command as it stands, through the login shell. Rejects where the server opens no session for it. */
  exec(command: string): Promise<ScriptChannel>
  /** Resolves, once, with the reason why the connection can no longer be used. Closing it is one, too. */
  readonly lost: Promise<UserError>
  /** May be called twice. */
  close(): Promise<void>
}

export interface Session {
  readonly on: Connection
  readonly command: RemoteCommand
}

/** From asking it to end to making it end. */
const GRACE_MS = 2_000
/** For the signal to be sent, and for what it ended to be told. */
const END_LIMIT_MS = 5_000

/** Rejects with UserError `host-unreachable`. */
export async function startSession(on: Connection, script: string, onLine?: RunOptions['onLine']): Promise<Session> {
  const opening = on.exec(BOOTSTRAP)
  const channel = await unlessLost(on, atMost(on.limit.timeoutMs, opening))
  if (channel === LATE) {
    opening.then((late) => late.destroy()).catch(() => {})
    throw unreachable(on.name, `it opened no session within ${limitText(on.limit)}`)
  }
  return { on, command: attend(channel, script, onLine) }
}

/** Resolves when the script has begun. Rejects with UserError `host-unreachable` where no shell took it. */
export async function hasBegun({ on, command }: Session): Promise<void> {
  const begun = await unlessLost(on, atMost(on.limit.timeoutMs, command.begun))
  if (begun === true) return
  command.close()
  const reason =
    begun === LATE ? `gave us no shell within ${limitText(on.limit)}` : 'gave us no shell to run commands in'
  throw new UserError('host-unreachable', `${on.name} ${reason}`, {
    hint: 'The user needs a login shell that runs commands, such as /bin/bash, and start-up files that come to an end.',
    ...(command.noise() === '' ? {} : { output: command.noise() }),
  })
}

/** Ends the script with all that it started, as far as the user there may, and lets go of it. */
export async function endSession(session: Session): Promise<void> {
  const { on, command } = session
  await signal(session, 'TERM')
  await unlessLost(on, atMost(GRACE_MS, command.ended))
  // Even where it has ended: a part of it may have turned its output elsewhere, and go on.
  await signal(session, 'KILL')
  await unlessLost(on, atMost(END_LIMIT_MS, command.ended))
  command.close()
}

/** Takes a session of its own: the signals that SSH itself can send are honoured by few servers. */
async function signal({ on, command }: Session, name: 'TERM' | 'KILL'): Promise<void> {
  const target = command.target()
  if (target === null) return
  const sending = on.exec(sendSignal(name, target)).then(closed)
  await unlessLost(on, atMost(END_LIMIT_MS, sending))
}

function closed(channel: ScriptChannel): Promise<void> {
  channel.resume()
  channel.stderr.resume()
  return new Promise((resolve) => {
    channel.once('close', () => resolve())
  })
}

/** Rejects with the reason as soon as the connection is lost. */
export function unlessLost<Value>({ lost }: Connection, promise: Promise<Value>): Promise<Value> {
  return Promise.race([
    promise,
    lost.then((reason): never => {
      throw reason
    }),
  ])
}

export function unreachable(name: string, reason: string, cause?: unknown): UserError {
  return new UserError('host-unreachable', `cannot reach ${name}: ${reason}`, { cause })
}
