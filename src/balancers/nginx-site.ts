/** Reads what `nginx -T` prints as one tree of directives, each with the file and line it stands at. Pure. */
import { posix } from 'node:path'

export interface Directive {
  readonly name: string
  readonly args: readonly string[]
  readonly file: string
  readonly line: number
  /** null: it has none, and ends with `;`. Includes are followed: what one brought stands behind it, and its path is absolute. */
  readonly block: readonly Directive[] | null
}

interface Token {
  readonly text: string
  readonly line: number
  /** `;`, `{` and `}` as nginx's own, not as part of a quoted word. */
  readonly isMark: boolean
}

/** Deeper includes are a circle. */
const includeMaxDepth = 16

/** The main file's directives. Files come as `# configuration file PATH:` and their text; the first is the main one. */
export function readSite(dump: string): readonly Directive[] {
  const files = new Map<string, readonly Directive[]>()
  for (const part of dump.split(/^# configuration file (?=.*:$)/m).slice(1)) {
    const end = part.indexOf('\n')
    const path = part.slice(0, end).replace(/:$/, '')
    files.set(path, parse(path, part.slice(end + 1)))
  }
  const main = [...files.keys()][0]
  if (main === undefined) return []
  return expand(files.get(main) ?? [], { files, base: posix.dirname(main), depth: 0 })
}

interface Expansion {
  readonly files: ReadonlyMap<string, readonly Directive[]>
  /** nginx takes relative includes from the main file's folder, wherever they stand. */
  readonly base: string
  readonly depth: number
}

function expand(directives: readonly Directive[], { files, base, depth }: Expansion): readonly Directive[] {
  return directives.flatMap((directive) => {
    const deeper = { files, base, depth: depth + 1 }
    if (directive.block) return [{ ...directive, block: expand(directive.block, { files, base, depth }) }]
    const [pattern] = directive.args
    if (directive.name !== 'include' || pattern === undefined || depth >= includeMaxDepth) return [directive]
    const path = posix.resolve(base, pattern)
    const isMatch = matcher(path)
    const included = [...files].flatMap(([file, content]) => (isMatch(file) ? expand(content, deeper) : []))
    return [{ ...directive, args: [path] }, ...included]
  })
}

/** As glob(3) does it: neither `*` nor `?` matches a slash, or a dot at the beginning of a name. */
function matcher(glob: string): (path: string) => boolean {
  const wild: Readonly<Record<string, string>> = { '*': '[^/]*', '?': '[^/]', '/*': '/(?!\\.)[^/]*' }
  const pattern = glob.replaceAll(/\/\*|[*?]|[.+^${}()|\\]/g, (found) => wild[found] ?? `\\${found}`)
  const regExp = new RegExp(`^${pattern}$`)
  return (path) => regExp.test(path)
}

function parse(file: string, text: string): readonly Directive[] {
  const tokens = tokenize(text)
  let at = 0
  const level = (): readonly Directive[] => {
    const directives: Directive[] = []
    let words: Token[] = []
    for (let token = tokens[at]; token; token = tokens[at]) {
      at += 1
      if (!token.isMark) {
        words.push(token)
        continue
      }
      if (token.text === '}') return directives
      const [name] = words
      const args = words.slice(1).map((word) => word.text)
      const block = token.text === '{' ? level() : null
      if (name) directives.push({ name: name.text, args, file, line: name.line, block })
      words = []
    }
    return directives
  }
  return level()
}

/** Comments, quoted words, marks, and words; a `{` belongs to the word behind a `$`, as in `${name}`. */
const tokenPattern =
  /#[^\n]*|"((?:[^"\\]|\\[\s\S])*)"|'((?:[^'\\]|\\[\s\S])*)'|([;{}])|((?:\\[\s\S]|\$\{|[^\s;{\\])+)|\s+/g

function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = []
  let line = 1
  let luaDepth = 0
  for (const match of text.matchAll(tokenPattern)) {
    const [whole, double, single, mark, word] = match
    const quoted = double ?? single
    const isLua = tokens.at(-1)?.text.endsWith('_by_lua_block') === true
    // A block of Lua has a syntax of its own: it is passed over to its last brace.
    if (luaDepth > 0 || (isLua && mark === '{')) {
      const braces = quoted === undefined ? whole : ''
      luaDepth += braces.split('{').length - braces.split('}').length
      if (luaDepth === 0) tokens.push({ text: ';', line, isMark: true })
    } else if (mark !== undefined) tokens.push({ text: mark, line, isMark: true })
    else if (quoted !== undefined || word !== undefined)
      tokens.push({ text: quoted ?? word ?? '', line, isMark: false })
    line += whole.split('\n').length - 1
  }
  return tokens
}
