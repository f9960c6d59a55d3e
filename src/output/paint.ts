/** Colours, and what may stand in a line at all. */
import { styleText } from 'node:util'

export type Style = 'good' | 'bad' | 'warning' | 'faint' | 'strong'

/** Puts a style around a text, or gives it back as it is. */
export type Paint = (style: Style, text: string) => string

const formats = {
  good: 'green',
  bad: 'red',
  warning: 'yellow',
  faint: 'dim',
  strong: 'bold',
} as const satisfies Record<Style, string>

export const plainPaint: Paint = (_style, text) => text

/** The stream is not asked: `wantsColor` has decided by then. */
export const colorPaint: Paint = (style, text) => styleText(formats[style], text, { validateStream: false })

export interface ColorQuestion {
  /** False with --no-color. */
  readonly color: boolean
  readonly env: NodeJS.ProcessEnv
  readonly isTerminal: boolean
}

/** https://no-color.org: any value but the empty one. FORCE_COLOR is how CI logs that know colours say so. */
export function wantsColor({ color, env, isTerminal }: ColorQuestion): boolean {
  if (!color || isSet(env.NO_COLOR)) return false
  if (isSet(env.FORCE_COLOR)) return env.FORCE_COLOR !== '0'
  return isTerminal && env.TERM !== 'dumb'
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== ''
}

/** One line that cannot move the cursor, ring, or colour what follows: hosts write what they like. */
export function oneLine(text: string): string {
  return printable(text.replaceAll(/\s*\r?\n\s*/g, ' ')).trim()
}

/** The lines of a text, each harmless to a terminal. No trailing empty ones. */
export function safeLines(text: string): readonly string[] {
  return text.trimEnd().split(/\r?\n/).map(printable)
}

/**
 * Escape sequences as ECMA-48 has them: CSI (colours, cursor) and OSC (titles, links). Node's own
 * `stripVTControlCharacters` takes the text before a stray bell along.
 */
const [escapeCode, bell] = ['\u001b', '\u0007']
const sequences = new RegExp(
  `${escapeCode}(?:\\[[0-?]*[ -/]*[@-~]|\\][^${bell}${escapeCode}]*(?:${bell}|${escapeCode}\\\\))`,
  'g',
)

function printable(line: string): string {
  // Of a line that was overwritten (progress bars), the last state.
  const [visible = ''] = line.replaceAll(sequences, '').split('\r').reverse()
  return visible.replaceAll('\t', '  ').replaceAll(/\p{Cc}/gu, '')
}

/** Terminal columns that a text takes. East Asian letters and emoji take two; close enough to never wrap a line. */
export function columnsOf(text: string): number {
  let columns = 0
  for (const character of text) columns += isWide(character) ? 2 : 1
  return columns
}

/** The text cut to so many columns, with `…` where something is missing. */
export function fit(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text
  let used = 0
  let kept = ''
  for (const character of text) {
    used += isWide(character) ? 2 : 1
    if (used >= columns) break
    kept += character
  }
  return `${kept}…`
}

/** Unicode's first wide block starts at U+1100; what lies between and is narrow (dashes, arrows, Braille, ticks) we write ourselves. */
function isWide(character: string): boolean {
  const point = character.codePointAt(0) ?? 0
  return point >= 0x1100 && !(point >= 0x2000 && point <= 0x2bff)
}
