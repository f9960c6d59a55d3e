import { createInterface } from 'node:readline'
import { type Clock, systemClock } from '../engine/clock.ts'
import type { AskPerson } from '../engine/pause.ts'
import type { CommandContext } from './context.ts'
import { isInForeground } from './foreground.ts'

/** What arrives sooner after the question was typed before it: nobody reads and answers as fast. */
const typedAheadMs = 300

/** The terminal, and what tells whether it is ours to read. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream
  readonly clock: Pick<Clock, 'sleep'>
  readonly isOurs: () => boolean
  /** Calls back when the process was stopped and goes on, perhaps in the background; until the returned function is called. */
  readonly onContinued: (callback: () => void) => () => void
}

/** Who sits before the terminal, where there is one. What is asked is shown by the output; here only the answer is read. */
export function personBeside(
  { isTerminal, report }: Pick<CommandContext, 'isTerminal' | 'report'>,
  terminal: Terminal = ownTerminal(),
): AskPerson {
  return async (withdrawn) => {
    if (!isTerminal || !terminal.isOurs()) return null
    const sayAgain = (): void => report({ type: 'note', level: 'info', text: 'type y or n, and Enter' })
    const lines = createInterface({ input: terminal.input })
    const follow = (): unknown => (terminal.isOurs() ? lines.resume() : lines.pause())
    const unfollow = terminal.onContinued(follow)
    // A terminal that went away answers nothing, and ends no deploy: the hosts can still be told.
    const answer = firstAnswer(lines, terminal, sayAgain).catch(() => null)
    try {
      return await Promise.race([answer, withdrawn.then(() => null)])
    } finally {
      unfollow()
      lines.close()
    }
  }
}

async function firstAnswer(
  lines: AsyncIterable<string>,
  { clock }: Terminal,
  sayAgain: () => void,
): Promise<'resume' | 'abort' | null> {
  let isAsked = false
  void clock.sleep(typedAheadMs).then(() => {
    isAsked = true
  })
  for await (const line of lines) {
    if (!isAsked) continue
    const word = line.trim().toLowerCase()
    if (word === 'y' || word === 'yes') return 'resume'
    if (word === 'n' || word === 'no') return 'abort'
    sayAgain()
  }
  return null
}

function ownTerminal(): Terminal {
  return {
    get input() {
      return process.stdin
    },
    clock: systemClock,
    isOurs: isInForeground,
    onContinued: (callback) => {
      process.on('SIGCONT', callback)
      return () => process.off('SIGCONT', callback)
    },
  }
}
