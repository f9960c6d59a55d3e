import { UserError } from '../errors.ts'
import type { HeldCommand } from './host.ts'
import { limitText } from './limits.ts'
import { endSession, hasBegun, type Session } from './ssh-session.ts'
import { atMost, LATE } from './time-limit.ts'

/** A script that closes by its own hand at the end of its input has this long for it. */
const LEAVE_LIMIT_MS = 2_000
/** A held command says a line now and then; older ones that nobody asked for are let go. */
const LINES_MAX = 1_000

export interface LineQueue {
  push(line: string): void
  /** Nothing more will come. */
  end(): void
  /** The next line, or null after the end. One caller at a time. */
  next(): Promise<string | null>
}

/** Resolves when the script has begun. `lines` gets its stdout. Rejects with UserError `host-unreachable`. */
export async function holdSession(session: Session, lines: LineQueue): Promise<HeldCommand> {
  const { on, command } = session
  await hasBegun(session)
  const ended = Promise.race([command.ended, on.lost.then(() => command.result())])
  void ended.then(() => lines.end())
  let over: Promise<unknown> | null = null

  async function leave(): Promise<void> {
    command.endInput()
    if ((await atMost(LEAVE_LIMIT_MS, ended)) === LATE) await endSession(session).catch(() => {})
    command.close()
  }

  return {
    write: (text) => command.write(text),
    async nextLine(limit) {
      const line = await atMost(limit.timeoutMs, lines.next())
      if (line !== LATE) return line
      throw new UserError('host-command', `${on.name}: a command said nothing for ${limitText(limit)}`)
    },
    ended,
    async release() {
      over ??= leave()
      await over
    },
  }
}

export function lineQueue(): LineQueue {
  const lines: string[] = []
  let over = false
  let wake: () => void = () => {}
  return {
    push(line) {
      lines.push(line)
      if (lines.length > LINES_MAX) lines.shift()
      wake()
    },
    end() {
      over = true
      wake()
    },
    async next() {
      if (lines.length === 0 && !over) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      return lines.shift() ?? null
    },
  }
}
