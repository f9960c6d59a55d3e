/**
 * The part of a terminal that is drawn over and over. The cursor is never hidden and no mode is ever set, so whatever
 * ends the process, there is nothing to give back.
 */
import { stripVTControlCharacters } from 'node:util'
import { columnsOf } from './paint.ts'
import type { OutputStream, Sink } from './sink.ts'

export interface Screen {
  /** Shows these lines in place of those drawn before. Each must be narrower than the terminal. */
  readonly draw: (lines: readonly string[]) => void
  /** Writes lines that stay, above those that are drawn. */
  readonly print: (lines: readonly string[]) => void
  /** Takes away what was drawn. */
  readonly clear: () => void
  /** For the line below, where a person may have typed something: what comes next stands at its beginning. */
  readonly beginLine: () => void
  readonly columns: () => number
  readonly rows: () => number
}

/** Where a terminal does not tell its size. */
const usual = { columns: 80, rows: 24 }

export function createScreen(sink: Sink, stream: OutputStream): Screen {
  let drawn: readonly string[] = []
  const columns = () => stream.columns || usual.columns
  const draw = (lines: readonly string[]) => {
    if (lines.length === 0 && drawn.length === 0) return
    sink.write(overwrite(rowsOf(drawn, columns()), lines))
    drawn = lines
  }
  return {
    columns,
    rows: () => stream.rows || usual.rows,
    draw: (lines) => {
      if (!isSame(lines, drawn)) draw(lines)
    },
    print: (lines) => {
      const frame = drawn
      draw([])
      sink.write(lines.map((line) => `${line}\n`).join(''))
      draw(frame)
    },
    clear: () => draw([]),
    beginLine: () => sink.write(`\r${eraseToEnd}`),
  }
}

const sequence = '\u001b['
const eraseToEnd = `${sequence}K`

/**
 * Old rows give way to the lines. Row by row: some terminals keep what "erase the screen below" takes away in their
 * history, where it would look like something that was said.
 */
function overwrite(oldRows: number, lines: readonly string[]): string {
  const surplus = Math.max(0, oldRows - lines.length)
  return [
    up(oldRows),
    ...lines.map((line) => `${line}${eraseToEnd}\n`),
    `${eraseToEnd}\n`.repeat(surplus),
    up(surplus),
  ].join('')
}

function up(rows: number): string {
  return rows === 0 ? '' : `${sequence}${rows}A\r`
}

/** In a terminal that was made narrower meanwhile, lines drawn before take several rows. */
function rowsOf(drawn: readonly string[], columns: number): number {
  const widths = drawn.map((line) => columnsOf(stripVTControlCharacters(line)))
  return widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0)
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, index) => line === b[index])
}
