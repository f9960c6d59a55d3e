/** Splits shell text into its simple commands and their words, with the place of each, so that a word can be replaced. Pure. */

export interface Word {
  /** Without its quotes; expansions stand as written. */
  readonly value: string
  readonly start: number
  /** The first place behind it. */
  readonly end: number
}

export interface SimpleCommand {
  readonly words: readonly Word[]
  readonly start: number
  /** Behind the last word: redirections belong to it. */
  readonly end: number
}

/** The kinds of pieces that shell text is made of: what stands first is tried first. */
const kinds = {
  blank: /(?:[ \t]|\\\n)+/,
  comment: /(?<=^|[\s;&|()])#[^\n]*/,
  redirection: /&>>?[ \t]*|\d*(?:>>|<<|>&|<&|>\||<>|>|<)[ \t]*(?:&?\d+)?/,
  separator: /&&|\|\||[;&|()\n]/,
  quoted: /'[^']*'?|"(?:\\[\s\S]|[^"\\])*"?|\\[\s\S]?/,
  substitution: /\$\((?:[^()]|\([^()]*\))*\)?|`[^`]*`?/,
  plain: /[^\s;&|()<>'"\\`$]+|[$\s]/,
}
const pieces = new RegExp(
  Object.entries(kinds)
    .map(([kind, { source }]) => `(?<${kind}>${source})`)
    .join('|'),
  'g',
)

/** Good enough to find a call among everyday commands; what it does not understand only stays as it is. */
export function simpleCommands(text: string): readonly SimpleCommand[] {
  const commands: SimpleCommand[] = []
  let words: Word[] = []
  let word: Word | null = null
  const endWord = (): void => {
    if (word !== null) words.push(word)
    word = null
  }
  const endCommand = (): void => {
    endWord()
    const [first] = words
    if (first !== undefined) commands.push({ words, start: first.start, end: words.at(-1)?.end ?? first.end })
    words = []
  }
  for (const { groups = {}, 0: piece, index } of text.matchAll(pieces)) {
    if (groups.separator !== undefined) endCommand()
    else if (groups.blank !== undefined || groups.comment !== undefined) endWord()
    else {
      const before: Word = word ?? { value: '', start: index, end: index }
      word = { value: before.value + unquoted(piece), start: before.start, end: index + piece.length }
    }
  }
  endCommand()
  return commands
}

function unquoted(piece: string): string {
  if (piece.startsWith("'")) return piece.replaceAll("'", '')
  if (piece.startsWith('"')) return piece.replace(/^"|"$/g, '').replace(/\\([$`"\\])/g, '$1')
  return piece.startsWith('\\') ? piece.slice(1) : piece
}
