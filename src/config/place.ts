/** Where a key stands in a configuration file, as far as that can be told: of a program only its text is known. Pure. */
import { withoutComments } from './comments.ts'
import type { KeyPath } from './problem.ts'
import type { Source } from './source.ts'

export interface Place {
  readonly file: string
  /** null: not known. */
  readonly line: number | null
}

/** The place of the key, or of the nearest one above it that is found. */
export function placeOf(source: Pick<Source, 'shown' | 'text' | 'locate'>, path: KeyPath): Place {
  const located = /:(\d+):\d+$/.exec(source.locate(path))
  if (located !== null) return { file: source.shown, line: Number(located[1]) }
  const text = withoutComments(source.text)
  const at = offsetIn(text, path)
  return { file: source.shown, line: at === null ? null : text.slice(0, at).split('\n').length }
}

/** By the literals of the text. What a program makes of other parts is at the place where its name stands. */
function offsetIn(text: string, [first, ...rest]: KeyPath): number | null {
  const top = new RegExp(`(?<![\\w-])["']?${String(first)}["']?\\s*:\\s*`).exec(text)
  if (top === null) return null
  let found = { at: top.index, value: top.index + top[0].length }
  for (const key of rest) {
    const next = members(text, found.value).find((member) => member.key === key)
    if (next === undefined) break
    found = next
  }
  return found.at
}

interface Member {
  readonly key: string | number
  readonly at: number
  readonly value: number
}

/** The members of the object or list that opens there; none where no literal does. */
function members(text: string, open: number): readonly Member[] {
  const isList = text[open] === '['
  if (!isList && text[open] !== '{') return []
  return parts(text, open).flatMap(({ from, text: part }, index): readonly Member[] => {
    const at = from + part.length - part.trimStart().length
    if (isList) return [{ key: index, at, value: at }]
    const match = /^\s*["']?([\w$-]+)["']?\s*:\s*/.exec(part)
    return match === null ? [] : [{ key: match[1] ?? '', at, value: from + match[0].length }]
  })
}

/** What stands between the commas of that bracket. */
function parts(text: string, open: number): readonly { readonly from: number; readonly text: string }[] {
  const found: { from: number; text: string }[] = []
  const token = /(["'`])(?:\\[\s\S]|(?!\1)[^\\])*\1|[[{(]|[\]})]|,/g
  token.lastIndex = open
  let depth = 0
  let from = open + 1
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [mark] = match
    if (/^[[{(]$/.test(mark)) depth += 1
    if (/^[\]})]$/.test(mark)) depth -= 1
    if (depth === 0 || (depth === 1 && mark === ',')) {
      found.push({ from, text: text.slice(from, match.index) })
      from = match.index + 1
    }
    if (depth === 0) return found
  }
  return found
}
