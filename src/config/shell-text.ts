/** Reads shell text far enough to know its commands, and whether they are a plain chain. It never runs anything. */

export interface Word {
  /** As written, with its quotes. */
  readonly text: string
  /** What the shell makes of it; null where that depends on something (`$X`, `$(…)`, `*`). A leading `~` stays. */
  readonly value: string | null
  /** Where it begins in the text. */
  readonly at: number
}

export interface Command {
  /** As written, without the separators and comments around it. */
  readonly text: string
  /** Without redirections. */
  readonly words: readonly Word[]
  readonly redirections: readonly string[]
  /** Where it begins and ends in the text. */
  readonly at: number
  readonly end: number
}

export interface ShellText {
  readonly commands: readonly Command[]
  /** null: commands joined by `&&` and ends of lines (with or without a `;`) only. Else what it has besides, in words: "has `||`". */
  readonly notPlain: string | null
}

/** `cd api && npm ci\npm2 reload shop` → three commands. Where it is not plain, `commands` are the best guess. */
export function readShell(text: string): ShellText {
  const commands: Command[] = []
  const reasons: string[] = []
  let words: Word[] = []
  let redirections: string[] = []
  let from = 0
  let to = 0
  let awaitsCommand = false

  const endCommand = (separator: string) => {
    if (words.length > 0) commands.push({ text: text.slice(from, to), words, redirections, at: from, end: to })
    else if (separator === '&&' || (separator === '' && awaitsCommand)) reasons.push('has `&&` without a command')
    awaitsCommand = separator === '&&' || (awaitsCommand && words.length === 0)
    words = []
    redirections = []
  }

  for (const token of tokens(text)) {
    if (token.kind === 'separator') {
      endCommand(token.text)
      if (token.text !== '&&' && token.text !== '\n') reasons.push(`has \`${token.text}\``)
      continue
    }
    if (words.length === 0) from = token.at
    to = token.at + token.text.length
    if (token.kind === 'unclosed') reasons.push('has a quote or bracket that is not closed')
    if (token.kind === 'redirection' && words.length === 0) reasons.push('begins a command with a redirection')
    if (token.kind === 'redirection' && token.text.includes('<<')) reasons.push('has a here-document')
    if (token.kind === 'word' && words.length === 0 && reserved.has(token.text)) reasons.push(`has \`${token.text}\``)
    if (token.kind === 'redirection') redirections.push(token.text)
    if (token.kind === 'word') words.push({ text: token.text, value: staticValue(token.text), at: token.at })
  }
  endCommand('')
  return { commands, notPlain: reasons[0] ?? null }
}

const reserved = new Set(
  'if then elif else fi for while until do done case esac select function time coproc { } ! [['.split(' '),
)

interface Token {
  readonly kind: 'word' | 'separator' | 'redirection' | 'unclosed'
  readonly text: string
  readonly at: number
}

function* tokens(text: string): Generator<Token> {
  let at = 0
  while (at < text.length) {
    const blank = match(/(?:[ \t\r]|\\\r?\n|(?<![^ \t\r\n;&|()])#[^\n]*)+/y, text, at)
    const separator = match(/&&|\|\||\|&|;;|&(?!>)|[;|()\n]/y, text, at)
    const redirection = match(/(?:\d*(?:<<<|<<-?|<>|<&|>>|>&|>\||<|>)|&>>?)[ \t]*/y, text, at)
    // At the end of a line it says no more than the end of the line.
    const lineEnd = match(/;(?=[ \t\r]*(?:#[^\n]*)?(?:\n|$))/y, text, at)
    if (blank !== null) at += blank.length
    else if (lineEnd !== null) {
      yield { kind: 'separator', text: '\n', at }
      at += lineEnd.length
    } else if (redirection !== null) {
      // Its target belongs to it, and is no argument. `<(…)` has none: its bracket is met as a separator.
      const end = wordEnd(text, at + redirection.length)
      yield { kind: end > text.length ? 'unclosed' : 'redirection', text: text.slice(at, end), at }
      at = end
    } else if (separator !== null) {
      yield { kind: 'separator', text: separator, at }
      at += separator.length
    } else {
      const end = wordEnd(text, at)
      yield { kind: end > text.length ? 'unclosed' : 'word', text: text.slice(at, end), at }
      at = end
    }
  }
}

function match(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0] ?? null
}

/** Where the word that begins at `at` ends; beyond the text where something in it is not closed. Other blanks (a no-break space) belong to it, as in a shell. */
function wordEnd(text: string, at: number): number {
  let end = at
  while (end < text.length && !/[ \t\r\n;&|()<>]/.test(text.charAt(end))) end = skip(text, end, '')
  return end
}

/** What stands in each `$(…)` and each pair of backticks, but for those inside of another. */
export function substitutions(text: string): readonly string[] {
  const found: string[] = []
  let isQuoted = false
  for (let at = 0; at < text.length; ) {
    const isOne = text.startsWith('$(', at) || text.charAt(at) === '`'
    if (text.charAt(at) === '"') isQuoted = !isQuoted
    // What is quoted is read for itself: there may be one in it.
    const end = text.charAt(at) === '"' || text.startsWith('${', at) ? at + 1 : skip(text, at, isQuoted ? '"' : '')
    if (isOne) found.push(text.slice(text.charAt(at) === '`' ? at + 1 : at + 2, end - 1))
    at = end
  }
  return found
}

/** Past the construct that begins at `at`: a quoted part, an expansion, an escaped or a plain character. */
function skip(text: string, at: number, inside: string): number {
  const unclosed = text.length + 1
  const two = text.slice(at, at + 2)
  if (two === '$(') return skipTo(text, at + 2, ')')
  if (two === '${') return skipTo(text, at + 2, '}')
  switch (text.charAt(at)) {
    case '\\':
      return at + 2 > text.length ? unclosed : at + 2
    case "'": {
      if (inside === '"') return at + 1
      const end = text.indexOf("'", at + 1)
      return end < 0 ? unclosed : end + 1
    }
    case '"':
      return skipTo(text, at + 1, '"')
    case '`':
      return skipTo(text, at + 1, '`')
    case '(':
      return inside === ')' ? skipTo(text, at + 1, ')') : at + 1
    default:
      return at + 1
  }
}

function skipTo(text: string, from: number, close: string): number {
  let at = from
  while (at < text.length) {
    if (text.charAt(at) === close) return at + 1
    at = skip(text, at, close)
  }
  return text.length + 1
}

const wordPart = /'([^']*)'|"((?:[^"\\$`]|\\[\s\S])*)"|\\([\s\S])|([^'"\\$`*?[{]+)/y

function staticValue(word: string): string | null {
  let value = ''
  let at = 0
  while (at < word.length) {
    wordPart.lastIndex = at
    const part = wordPart.exec(word)
    if (part === null) return null
    const [whole, single, double, , bare] = part
    value +=
      single ??
      double?.replaceAll(/\\(["\\$`\n])/g, escapedCharacter) ??
      bare ??
      whole.replace(/\\([\s\S])/, escapedCharacter)
    at += whole.length
  }
  return value
}

/** A line break that is escaped joins its lines. */
function escapedCharacter(_: string, character: string): string {
  return character === '\n' ? '' : character
}
