/** What went wrong with a connection, in an operator's words. Pure. */
import { UserError } from '../errors.ts'
import { type Limit, limitText } from './limits.ts'

/** The parts of ssh2's and node's errors that tell them apart. */
export interface ConnectionFailure {
  readonly message: string
  readonly level?: string
  readonly code?: unknown
}

export interface Attempt {
  readonly name: string
  readonly address: string
  readonly port: number
  readonly user: string
  /** Every way to authenticate that there was: key files, and the agent. */
  readonly offered: readonly string[]
  /** Key files that were not offered, because they need a passphrase. */
  readonly locked: readonly string[]
  /** Why the agent could not be used; null where it could, or where there is none. */
  readonly agentTrouble: string | null
  readonly limit: Limit
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no such name',
  EAI_AGAIN: 'the name could not be looked up',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to its network',
  ETIMEDOUT: 'it did not answer',
  ECONNRESET: 'it cut the connection',
  EPIPE: 'it cut the connection',
}

export function explain(failure: ConnectionFailure, attempt: Attempt): UserError {
  const isRefusal = failure.level === 'client-authentication' || /authentication failures/i.test(failure.message)
  if (isRefusal) return refused(failure, attempt)
  const { name, user, address, port } = attempt
  return new UserError(
    'host-unreachable',
    `cannot reach ${name} (${user}@${address}:${port}): ${reason(failure, attempt)}`,
    {
      cause: failure,
    },
  )
}

/** A session was refused, or the connection was on its way out. */
export function noSession(name: string, cause: unknown): UserError {
  const said = cause instanceof Error ? cause.message : String(cause)
  const hint = noSessionHint(said)
  const details = hint === undefined ? { cause } : { cause, hint }
  return new UserError('host-unreachable', `${name} opened no session: ${said}`, details)
}

function noSessionHint(said: string): string | undefined {
  if (/agent forwarding/i.test(said)) {
    return 'Its sshd allows no agent forwarding (AllowAgentForwarding): leave out ForwardAgent, or allow it.'
  }
  if (!/open failure/i.test(said)) return undefined
  return 'Its sshd must allow 10 sessions on a connection (MaxSessions, 10 by default).'
}

function reason({ message, code }: ConnectionFailure, { limit }: Attempt): string {
  if (/waiting for handshake/.test(message)) return `no SSH server answered within ${limitText(limit)}`
  if (/Keepalive/.test(message)) return 'it stopped answering'
  if (typeof code !== 'string') return message
  return `${REASONS[code] ?? message} (${code})`
}

function refused(cause: ConnectionFailure, { name, user, offered, locked, agentTrouble }: Attempt): UserError {
  const tried = offered.length === 0 ? 'there was nothing to offer' : `offered: ${offered.join(', ')}`
  const hints = [
    ...locked.map((file) => `${file} needs a passphrase, which is never asked for here: \`ssh-add ${file}\`.`),
    ...(agentTrouble === null ? [] : [`The agent could not be used: ${agentTrouble}.`]),
    ...(/too many/i.test(cause.message)
      ? ['It gave up before all keys were offered: name the right one with `key`.']
      : []),
    `The public key must stand in ~/.ssh/authorized_keys of ${user} on ${name}.`,
  ]
  return new UserError('authentication', `${name} does not let ${user} in (${tried})`, {
    hint: hints.join('\n'),
    cause,
  })
}
