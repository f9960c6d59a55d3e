/** What the demo says: sections, and the count of requests, which stays at the foot of a terminal while deploys draw above it. */

export interface Screen {
  readonly section: (title: string, ...lines: readonly string[]) => void
  readonly say: (line: string) => void
  /** Keeps that line at the foot from now on. Elsewhere than in a terminal: prints it every few seconds. */
  keepCounting(count: () => Promise<string>): Counting
  /** Gives the terminal back. May be called twice. */
  close(): void
  readonly paint: Readonly<Record<'strong' | 'faint' | 'good' | 'bad', (text: string) => string>>
}

export interface Counting {
  stop(): Promise<void>
}

const LIVE_EVERY_MS = 250
const LINE_EVERY_MS = 5_000
const COUNT_ROWS_MIN = 16

type Out = NodeJS.WriteStream

export function createScreen(out: Out, env: NodeJS.ProcessEnv): Screen {
  const isTerminal = out.isTTY === true && env.TERM !== 'dumb' && out.rows >= COUNT_ROWS_MIN
  const isColored = out.isTTY === true && env.TERM !== 'dumb' && (env.NO_COLOR ?? '') === ''
  const style = (on: number, off: number) => (text: string) =>
    isColored ? `${ESCAPE}[${on}m${text}${ESCAPE}[${off}m` : text
  const paint = { strong: style(1, 22), faint: style(2, 22), good: style(32, 39), bad: style(31, 39) }
  const foot = isTerminal ? createFoot(out) : null
  const say = (line: string) => void out.write(`${line}\n`)
  return {
    paint,
    say,
    section: (title, ...lines) => {
      say(`\n${paint.strong(`── ${title} ${'─'.repeat(Math.max(0, RULE_COLUMNS - title.length))}`)}`)
      for (const line of lines) say(`   ${paint.faint(line)}`)
      say('')
    },
    keepCounting: (count) => {
      const show = (text: string) => (foot === null ? say(`   ${text}`) : foot.write(` ${text}`))
      return repeat(foot === null ? LINE_EVERY_MS : LIVE_EVERY_MS, async () => show(await count()))
    },
    close: () => foot?.close(),
  }
}

const ESCAPE = '\u001b'
const RULE_COLUMNS = 70

/**
 * The last row is taken out of what scrolls (DECSTBM), as apt does it for its progress: programs above move their
 * cursor only relatively, and never come there. Each write is one piece, so that it does not fall between theirs.
 */
function createFoot(out: Out) {
  let isOpen = false
  const open = () => {
    // A line feed first: on the last row, the cursor would be outside of what scrolls.
    out.write(`\n${ESCAPE}7${ESCAPE}[1;${out.rows - 1}r${ESCAPE}8${ESCAPE}[1A`)
    isOpen = true
  }
  const close = () => {
    if (isOpen) out.write(`${ESCAPE}7${ESCAPE}[r${ESCAPE}[${out.rows};1H${ESCAPE}[2K${ESCAPE}8`)
    isOpen = false
  }
  return {
    write: (text: string) => {
      if (!isOpen) open()
      const row = `${ESCAPE}[${out.rows};1H${ESCAPE}[2K${ESCAPE}[7m${text.padEnd(out.columns - 1).slice(0, out.columns - 1)}${ESCAPE}[27m`
      out.write(`${ESCAPE}7${row}${ESCAPE}8`)
    },
    close,
  }
}

/** One at a time, until it is stopped. */
function repeat(everyMs: number, task: () => Promise<void>): Counting {
  let under = Promise.resolve()
  let isBusy = false
  const timer = setInterval(() => {
    if (isBusy) return
    isBusy = true
    // A hammer that has ended says so when it is stopped.
    under = task()
      .catch(() => {})
      .finally(() => {
        isBusy = false
      })
  }, everyMs)
  return {
    async stop() {
      clearInterval(timer)
      await under
    },
  }
}
