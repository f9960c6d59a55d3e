import { isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { UserError } from '../errors.ts'
import { withoutComments } from './comments.ts'
import type { KeyPath } from './problem.ts'
import type { Source } from './source.ts'

/**
 * YAML, and JSON as pm2 takes it (comments, single quotes, trailing commas), which is YAML once its comments are
 * blanked out. Throws UserError `config` with every syntax error, a line each.
 */
export function readData(
  text: string,
  { kind, shown }: { readonly kind: 'json' | 'yaml'; readonly shown: string },
): Pick<Source, 'data' | 'locate'> {
  const lines = new LineCounter()
  const document = parseDocument(kind === 'json' ? withoutComments(text) : text, {
    lineCounter: lines,
    merge: true,
    prettyErrors: false,
  })
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `${shown}:${line}:${col}`
  }
  if (document.errors.length > 0) {
    throw new UserError('config', document.errors.map((error) => `${place(error.pos[0])} ${error.message}`).join('\n'))
  }
  return {
    data: document.toJS(),
    locate: (path) => place(offsetOf(document.contents, path)),
  }
}

/** Where the key, or the item of a list, begins; of the deepest one on the way to it that is there. */
function offsetOf(top: unknown, path: KeyPath): number {
  let node = top
  let offset = isNode(top) ? startOf(top) : 0
  for (const key of path) {
    const pair = isMap(node) ? node.items.find((item) => isScalar(item.key) && item.key.value === key) : undefined
    const item = isSeq(node) && typeof key === 'number' ? node.items[key] : undefined
    const found = pair?.key ?? item
    if (!isNode(found)) return offset
    offset = startOf(found)
    node = pair === undefined ? item : pair.value
  }
  return offset
}

function startOf(node: Node): number {
  return node.range?.[0] ?? 0
}
