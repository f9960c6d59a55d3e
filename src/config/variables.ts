/** What a JS file takes from variables of the environment that are not set. Which those are is read out of its text: a guess, for messages. */
import type { Problem } from './problem.ts'
import { isObject, type Leaf, leaves } from './section.ts'
import type { Source } from './source.ts'

/** A problem for each value that is undefined, and for each text with an `undefined` in it that nobody wrote (`${DEPLOY_PATH}/shop`). */
export function missingValues(
  raw: Readonly<Record<string, unknown>>,
  { source: { text }, environment }: { readonly source: Pick<Source, 'text'>; readonly environment: string },
): { readonly problems: readonly Problem[]; readonly rest: Readonly<Record<string, unknown>> } {
  const block = text.slice(Math.max(0, text.search(keyPattern(environment))))
  const missing = leaves(raw).flatMap((leaf) => {
    const unset = unsetVariables({ text, block }, String(leaf.path.findLast((key) => typeof key === 'string') ?? ''))
    return isMissing(leaf, { text, unset }) ? [{ ...leaf, unset }] : []
  })
  return {
    problems: missing.map(({ path, value, unset }) => ({
      path,
      text: `${value === undefined ? 'is undefined' : 'has an `undefined` in it'}: ${unsetText(unset)}`,
    })),
    // Reported once is enough. In an object, the keys beside it are still read.
    rest: Object.fromEntries(
      Object.entries(raw).map(([key, value]) => {
        const isReported = missing.some(({ path }) => path[0] === key)
        return [key, isReported && !isObject(value) ? undefined : value]
      }),
    ),
  }
}

function isMissing(
  { value }: Leaf,
  { text, unset }: { readonly text: string; readonly unset: readonly string[] },
): boolean {
  if (typeof value !== 'string') return value === undefined
  return /\bundefined\b/.test(value) && (unset.length > 0 || !/\bundefined\b/.test(text))
}

/** Those of this key that are not set. */
function unsetVariables(
  { text, block }: { readonly text: string; readonly block: string },
  key: string,
): readonly string[] {
  const value = expressionOf(block, key)
  const locals = localNames(text)
  const words = value.match(/\bprocess\.env(?:\.\w+|\[["']\w+["']\])|[A-Za-z_$][\w$]*/g) ?? []
  const names = words.flatMap((word) => /^process\.env\W+(\w+)/.exec(word)?.[1] ?? locals.get(word) ?? [])
  return [...new Set(names)].filter((name) => process.env[name] === undefined)
}

/** `the variable DEPLOY_HOST is not set`; a question where it is not known which. */
function unsetText(variables: readonly string[]): string {
  if (variables.length === 0) return 'is a variable of the environment not set?'
  return variables.length === 1
    ? `the variable ${variables[0]} is not set`
    : `the variables ${variables.join(', ')} are not set`
}

/** As far as the next comma or line that is in no bracket and no quotes. */
const expression = /^(?:`[^`]*`|'[^'\n]*'|"[^"\n]*"|\([^()]*\)|\[[^\]]*\]|[^\n`'",([])*/

/** What stands behind the first `key:`, or the key itself where it is written short: `{ user, host }`. */
function expressionOf(text: string, key: string): string {
  const at = keyPattern(key).exec(text)
  return at === null ? key : (expression.exec(text.slice(at.index + at[0].length))?.[0] ?? '')
}

function keyPattern(key: string): RegExp {
  return new RegExp(`(?<![\\w-])${key.replaceAll(/[^\w-]/g, String.raw`\$&`)}["']?\\s*:\\s*`)
}

/** `const { A, B: b = 1 } = process.env` and `const c = process.env.C`: what the file calls them, and what they are called. */
function localNames(text: string): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const [, list = ''] of text.matchAll(/\{([^{}]*)\}\s*=\s*process\.env\b(?![.[])/g)) {
    for (const [, variable = '', local = variable] of list.matchAll(/(\w+)\s*(?::\s*(\w+))?\s*(?:=[^,]*)?(?:,|$)/g))
      names.set(local, variable)
  }
  for (const [, local = '', variable = ''] of text.matchAll(/\b([\w$]+)\s*=\s*process\.env\W+(\w+)/g))
    names.set(local, variable)
  return names
}
