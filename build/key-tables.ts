/** The README's tables of the keys, between its marks. */
import { environmentKeys } from '../src/config/keys/environment.ts'
import { everyKey, type NamedKey, standardOf } from '../src/config/keys/every.ts'
import type { Keys } from '../src/config/keys/key.ts'

/** Throws where a mark is missing. */
export function withKeyTables(readme: string): string {
  return between(between(readme, 'keys', ourKeys()), 'keys of pm2 deploy', pm2Keys())
}

function ourKeys(): string {
  const isInPm2s = ({ name }: NamedKey) => Number(name.startsWith('host.'))
  const rows = everyKey.filter(({ key }) => key.isOfPm2 !== true).sort((a, b) => isInPm2s(a) - isInPm2s(b))
  return table(
    ['key', 'meaning', 'default'],
    rows.map(({ name, key }) => [`\`${name}\``, key.meaning, standardOf(key)]),
  )
}

function pm2Keys(): string {
  const rows = Object.entries(environmentKeys as Keys).filter(([, key]) => key.isOfPm2 === true)
  return table(
    ['key', 'here', 'default'],
    rows.map(([name, key]) => [`\`${name}\``, key.meaning, standardOf(key)]),
  )
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
  return `${line(heads)}|${heads.map(() => '---|').join('')}\n${rows.map(line).join('')}`
}

function between(text: string, mark: string, inside: string): string {
  const [from, to] = [`<!-- ${mark} -->\n`, `<!-- /${mark} -->\n`]
  const [start, end] = [text.indexOf(from), text.indexOf(to)]
  if (start < 0 || end < start) throw new Error(`README.md has no ${from.trim()} … ${to.trim()}`)
  return `${text.slice(0, start + from.length)}${inside}${text.slice(end)}`
}
