/** `zdr-deploy help config`: the keys of the configuration, from their descriptions. */
import { configNames } from '../config/find.ts'
import { everyKey, type NamedKey, sentences } from '../config/keys/every.ts'
import type { Key, Value } from '../config/keys/key.ts'
import { columns, page, paragraphs } from './help-text.ts'

const places = `Looked for in this order: ${configNames.join(', ')}. These keys stand below \`deploy.<environment>\`, where \`pm2 deploy\` has its own.`

/** All keys, a line each. */
export function aboutConfig(): string {
  const list = (isOfPm2: boolean) =>
    columns(
      everyKey.filter(({ key }) => (key.isOfPm2 === true) === isOfPm2).map(({ name, key }) => [name, firstOf(key)]),
    )
  return page([
    ['configuration', paragraphs([places])],
    ['keys of pm2 deploy', list(true)],
    ['keys of zdr-deploy', list(false)],
    ['more', paragraphs(['`zdr-deploy help config <key>` tells all about one of them.'])],
  ])
}

/** All about one. */
export function aboutKey({ name, key }: NamedKey): string {
  const own = name.slice(name.lastIndexOf('.') + 1)
  const inside = Object.entries(key.section?.keys ?? {})
  return page([
    ['key', paragraphs([name])],
    ['meaning', paragraphs([sentences(key)])],
    ['written as', paragraphs([wordsOf(key)])],
    ['examples', key.examples.map((example) => `${quoted(own)}: ${literal(example)}`)],
    ['keys in it', columns(inside.map(([inner, described]) => [`${name}.${inner}`, firstOf(described)]))],
  ])
}

function wordsOf({ form, section, listOf }: Key): string {
  const object = section === undefined ? [] : ['an object with the keys below']
  const one = [...(form === undefined ? [] : [form.words]), ...object].join(', or ')
  return listOf === undefined ? one : `${one}; or a list of them`
}

/** Its first sentence. */
function firstOf({ meaning }: Key): string {
  return meaning.split('. ')[0] ?? meaning
}

/** In JavaScript, which YAML takes too. */
function literal(value: Value): string {
  if (typeof value === 'string') return `'${value.replaceAll("'", "\\'")}'`
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  if (typeof value !== 'object') return String(value)
  const pairs = Object.entries(value as { readonly [name: string]: Value })
  return `{ ${pairs.map(([name, inner]) => `${quoted(name)}: ${literal(inner)}`).join(', ')} }`
}

function quoted(name: string): string {
  return /^\w+$/.test(name) ? name : `'${name}'`
}
