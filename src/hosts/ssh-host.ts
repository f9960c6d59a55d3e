/** The Host port over a connection that can be had anew: how many at once, how long, and when it is lost. No ssh2 in here. */
import { UserError } from '../errors.ts'
import { holdSession, lineQueue } from './held-command.ts'
import type { CommandResult, HeldCommand, Host, RunOptions } from './host.ts'
import { type Connection, endSession, hasBegun, startSession, unlessLost, unreachable } from './ssh-session.ts'
import { ABORTED, atMost, LATE, unlessAborted } from './time-limit.ts'
import { type Turns, turns } from './turns.ts'

export interface SshHostOptions {
  readonly name: string
  readonly address: string
  /** The connection to begin with. */
  readonly first: Connection
  /** Called when the one before was lost, and never twice at a time. Has its own time limit. */
  readonly open: () => Promise<Connection>
}

/** sshd's MaxSessions is 10 by default, and the eleventh session fails. Two are left for ending commands. */
const SESSIONS_MAX = 8
const ENDINGS_MAX = 2
/** More could keep all sessions for themselves, and a `run` would wait for ever. */
const HOLDS_MAX = 4
/** Others are held for seconds only, but for a lock, which is one. */
const HOLD_TURN_LIMIT_MS = 60_000

export function sshHost({ name, address, first, open }: SshHostOptions): Host {
  const sessions = turns(SESSIONS_MAX)
  const endings = turns(ENDINGS_MAX)
  const connection = renewable(name, first, open)
  const holds = turns(HOLDS_MAX)

  async function run(script: string, { timeoutMs, stdin, onLine, signal }: RunOptions): Promise<CommandResult> {
    const on = await connection.current()
    const session = await startSession(on, script, onLine)
    const { command } = session
    if (stdin !== undefined) command.write(stdin)
    command.endInput()
    // Its time begins with the script: how busy the machine's sshd is is no fault of the script, and has its own limit.
    await hasBegun(session)
    const result = await unlessLost(on, atMost(timeoutMs, unlessAborted(signal, command.ended)))
    if (result !== LATE && result !== ABORTED) return result
    await endings(() => endSession(session))
    return { ...command.result(), code: null, timedOut: result === LATE }
  }

  async function hold(script: string): Promise<HeldCommand> {
    const lines = lineQueue()
    const session = startSession(await connection.current(), script, (line, stream) => {
      if (stream === 'stdout') lines.push(line)
    })
    return holdSession(await session, lines)
  }

  return {
    name,
    address,
    run: (script, options) => sessions(() => run(script, options)),
    hold: (script) => whileHeld((begin) => holds(() => sessions(begin)), { name, begin: () => hold(script) }),
    close: () => connection.close(),
  }
}

/** Takes a place for as long as the command is held, not only until it has begun. Waits for its turn, but not for ever. */
function whileHeld(
  places: Turns,
  { name, begin }: { readonly name: string; readonly begin: () => Promise<HeldCommand> },
): Promise<HeldCommand> {
  return new Promise((resolve, reject) => {
    let isGivenUp = false
    const timer = setTimeout(() => {
      isGivenUp = true
      const seconds = HOLD_TURN_LIMIT_MS / 1000
      reject(new UserError('host-command', `${name}: too many commands were held there for more than ${seconds} s`))
    }, HOLD_TURN_LIMIT_MS)
    void places(async () => {
      clearTimeout(timer)
      if (isGivenUp) return
      const begun = begin()
      begun.then(resolve, reject)
      await begun.then((held) => held.ended).catch(() => {})
    })
  })
}

/** The connection, made anew on demand when the one before was lost. */
function renewable(
  name: string,
  first: Connection,
  open: () => Promise<Connection>,
): { current(): Promise<Connection>; close(): Promise<void> } {
  let present: Promise<Connection> | null = null
  let closed = false

  function use(next: Promise<Connection>): Promise<Connection> {
    const forget = (): void => {
      if (present === next) present = null
    }
    present = next
    next.then((connection) => connection.lost).then(forget, forget)
    return next
  }

  void use(Promise.resolve(first))
  return {
    async current() {
      if (closed) throw unreachable(name, 'the connection was closed by us')
      return present ?? use(open())
    },
    async close() {
      closed = true
      const last = await present?.catch(() => null)
      await last?.close()
    },
  }
}
