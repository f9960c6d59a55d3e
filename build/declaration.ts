/** The types of the package, as a declaration file: what an editor shows for `defineConfig` and `Config`. */
import { environmentKeys } from '../src/config/keys/environment.ts'
import { sentences } from '../src/config/keys/every.ts'
import type { Key, Section } from '../src/config/keys/key.ts'

const head = `/** \`500ms\`, \`30s\`, \`1.5m\`, \`1h\` */
export type Duration = \`\${number}\${'ms' | 's' | 'm' | 'h'}\`

/** A share of the fleet: \`25%\` */
export type Share = \`\${number}%\`

/** What pm2 runs, and where zdr-deploy rolls it out. */
export interface Config {
  /** The environments, by name: \`zdr-deploy <name>\` rolls one of them. */
  readonly deploy: Readonly<Record<string, Environment>>
  /** What pm2 runs. */
  readonly apps?: unknown
  readonly [other: string]: unknown
}

/**
 * Gives back what it is given: so that an editor knows the keys. pm2 on the hosts reads an ecosystem file too, and there
 * this package is most often not installed: in such a file write \`/** @type {import('zdr-deploy').Config} *\\/\` instead.
 */
export declare function defineConfig(config: Config): Config
`

export function declaration(): string {
  const environment: Section = { name: 'Environment', keys: environmentKeys, needs: [] }
  return [head, ...sectionsOf(environment).map(interfaceOf)].join('\n')
}

function sectionsOf(section: Section): readonly Section[] {
  const inside = Object.values(section.keys).flatMap((key) => (key.section === undefined ? [] : [key.section]))
  return [section, ...inside.flatMap(sectionsOf)]
}

function interfaceOf({ name, keys, needs, repeats = [] }: Section): string {
  const own = Object.entries(keys).map(([key, described]) => property(key, described, needs.includes(key)))
  const repeated = repeats.map(
    (key) => `  /** As the environment says, if at all. */\n  readonly ${quoted(key)}?: unknown\n`,
  )
  return `export interface ${name} {\n${[...own, ...repeated].join('')}}\n`
}

/** undefined may stand everywhere: a variable of the environment that is not set is told by name, when it is read. */
function property(name: string, key: Key, isNeeded: boolean): string {
  const lines = [sentences(key), ...key.examples.map((example) => `@example ${literal(example)}`)]
  const comment = lines.map((line) => `   * ${line}\n`).join('')
  return `  /**\n${comment}   */\n  readonly ${quoted(name)}${isNeeded ? '' : '?'}: ${typeOf(key)} | undefined\n`
}

function typeOf({ form, section, listOf }: Key): string {
  const one = [form?.type, section?.name].filter((type) => type !== undefined).join(' | ')
  return listOf === undefined ? one : `${one} | readonly (${one} | undefined)[]`
}

function quoted(key: string): string {
  return /^\w+$/.test(key) ? key : `'${key}'`
}

function literal(value: unknown): string {
  return JSON.stringify(value).replaceAll('"', "'")
}
