/** A block of the configuration as text, with a comment over each of its parts. Pure. */

export type Value = string | number | readonly Value[] | { readonly [key: string]: Value }

/** Keys that belong together. */
export interface Part {
  readonly comment: string
  readonly entries: Readonly<Record<string, Value>>
}

export type Language = 'js' | 'json' | 'yaml'

/** The parts' lines, without braces around them. `indent`: what stands before each. */
export function partsText(parts: readonly Part[], language: Language, indent: string): string {
  if (language === 'json') return jsonText(parts, indent)
  const comment = language === 'js' ? '//' : '#'
  const texts = parts.map(({ comment: words, entries }) => {
    const lines = Object.entries(entries).map(([key, value]) => entryText({ key, value }, language, indent))
    return `${indent}${comment} ${words}\n${lines.join('')}`
  })
  return texts.join('\n')
}

/** Comments in JSON are for those who want them. */
function jsonText(parts: readonly Part[], indent: string): string {
  const entries = parts.flatMap((part) => Object.entries(part.entries))
  const lines = entries.map(([key, value]) => `${indent}${JSON.stringify(key)}: ${JSON.stringify(value)}`)
  return `${lines.join(',\n')}\n`
}

interface Entry {
  readonly key: string
  readonly value: Value
}

const widthMax = 120

/** On one line where it fits; else a list has a line for each item. */
function entryText({ key, value }: Entry, language: 'js' | 'yaml', indent: string): string {
  const isJs = language === 'js'
  const oneLine = `${indent}${isJs ? `${keyText(key)}: ${jsText(value)},` : `${key}: ${yamlText(value)}`}\n`
  if (oneLine.length <= widthMax + 1 || !Array.isArray(value)) return oneLine
  const items = (value as readonly Value[]).map((item) =>
    isJs ? `${indent}  ${jsText(item)},\n` : `${indent}  - ${yamlText(item)}\n`,
  )
  return isJs ? `${indent}${keyText(key)}: [\n${items.join('')}${indent}],\n` : `${indent}${key}:\n${items.join('')}`
}

/** A literal of JavaScript. */
export function jsText(value: Value): string {
  if (typeof value === 'number') return String(value)
  // What needs no escape stands in single quotes; in JSON's form it is a literal too.
  if (typeof value === 'string') return /^[ -&(-[\]-~]*$/.test(value) ? `'${value}'` : JSON.stringify(value)
  if (isList(value)) return `[${value.map(jsText).join(', ')}]`
  return `{ ${Object.entries(value)
    .map(([key, item]) => `${keyText(key)}: ${jsText(item)}`)
    .join(', ')} }`
}

function keyText(key: string): string {
  return /^[a-zA-Z_$][\w$]*$/.test(key) ? key : jsText(key)
}

/** A value of YAML that may stand in `[…]` and `{…}` too. */
export function yamlText(value: Value): string {
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') return isPlain(value) ? value : JSON.stringify(value)
  if (isList(value)) return `[${value.map(yamlText).join(', ')}]`
  return `{ ${Object.entries(value)
    .map(([key, item]) => `${key}: ${yamlText(item)}`)
    .join(', ')} }`
}

/** Whether YAML takes it for that text without quotes. In doubt it gets them. */
function isPlain(text: string): boolean {
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) return true
  const isWord = /^(?:true|false|yes|no|on|off|y|n|null)$/i.test(text)
  return !isWord && /^(?:[a-zA-Z_/]|~\/)[\w@:/.~+ &=$-]*$/.test(text) && !/:(?: |$)| $/.test(text)
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}
