/** A terminal, as far as ours is used: it understands what `screen.ts` writes, and nothing else. */
import { EventEmitter } from 'node:events'
import type { OutputStream } from '../../src/output/sink.ts'

export interface Terminal extends OutputStream {
  /** What stands on it, without trailing blanks. */
  readonly lines: () => readonly string[]
  /** Resolves when its text matches. Rejects after a while. */
  readonly shows: (pattern: RegExp) => Promise<void>
}

const patienceMs = 3000
const escapeCode = '\u001b'
const tokens = new RegExp(`${escapeCode}\\[\\d*[A-Za-z]|\\r|\\n|[^${escapeCode}\\r\\n]+|${escapeCode}`, 'g')
const cursorUp = new RegExp(`^${escapeCode}\\[(\\d+)A$`)

export function createTerminal({ isTTY = true, columns = 80, rows = 24 } = {}): Terminal {
  const events = new EventEmitter()
  const grid: string[] = ['']
  let row = 0
  let column = 0
  const put = (text: string) => {
    const line = (grid[row] ?? '').padEnd(column)
    grid[row] = line.slice(0, column) + text + line.slice(column + text.length)
    column += text.length
  }
  const obey = (token: string) => {
    const up = cursorUp.exec(token)
    if (up !== null) row -= Number(up[1])
    else if (token === '\u001b[K') grid[row] = (grid[row] ?? '').slice(0, column)
    else if (token === '\r') column = 0
    else if (token === '\n') {
      row += 1
      column = 0
      grid[row] ??= ''
    } else if (token.startsWith('\u001b')) throw new Error(`unknown: ${JSON.stringify(token)}`)
    else put(token)
    if (row < 0) throw new Error('above the top')
  }
  const lines = () => grid.map((line) => line.trimEnd())
  return {
    isTTY,
    columns,
    rows,
    lines,
    on: () => {},
    write: (text, done) => {
      for (const token of text.match(tokens) ?? []) obey(token)
      events.emit('written')
      done?.()
    },
    shows: (pattern) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`never saw ${pattern} in\n${lines().join('\n')}`)), patienceMs)
        const look = () => {
          if (!pattern.test(lines().join('\n'))) return
          clearTimeout(timer)
          events.off('written', look)
          resolve()
        }
        events.on('written', look)
        look()
      }),
  }
}
