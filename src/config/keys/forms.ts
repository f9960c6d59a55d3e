/** How values are written: in words for a person, as JSON Schema for editors, and as a type of TypeScript. */

export interface Form {
  /** Follows "written as": `a duration`. */
  readonly words: string
  /** Takes whatever our reader takes, blanks around a text too; what only the reader can know, it does not refuse. */
  readonly schema: JsonSchema
  readonly type: string
}

/** What we use of draft 7, which is what editors know best. */
export type JsonSchema = true | { readonly [keyword: string]: unknown }

export const anyText: Form = text('a text', '')
export const someText: Form = text('a text', '\\S')
export const duration: Form = {
  words: 'a duration: `500ms`, `30s`, `1.5m`, `1h`',
  schema: pattern(String.raw`^\s*\d+(\.\d+)?\s*(ms|s|m|h)\s*$`),
  type: 'Duration',
}
export const flag: Form = { words: 'true or false', schema: { type: ['boolean', 'string'] }, type: 'boolean | string' }
export const port: Form = {
  words: 'a port, from 1 to 65535',
  schema: anyOf(portNumber(), pattern(String.raw`^\s*\d*\s*$`)),
  type: 'number | string',
}
export const server: Form = {
  words: 'an address with a port, or the port alone',
  schema: anyOf(portNumber(), pattern(String.raw`\d\s*$`)),
  type: 'number | string',
}
export const hostPath: Form = text('a path: absolute, or below `~/`', String.raw`^\s*~?/[^/]`)
export const machinePath: Form = text('an absolute path', String.raw`^\s*/[\w./-]+\s*$`)
export const releasePath: Form = text('a path inside the release', String.raw`^\s*[^\s/~]`)
export const localFiles: Form = {
  words: 'an object of local files and what they become',
  schema: { type: 'object', additionalProperties: releasePath.schema },
  type: 'Readonly<Record<string, string | undefined>>',
}
export const url: Form = text('a URL', String.raw`^\s*[hH][tT][tT][pP][sS]?://`)
export const upstreamName: Form = text('the name of an upstream', String.raw`^\s*[a-zA-Z_][\w.-]*\s*$`)
export const status: Form = {
  words: 'a status, from 100 to 599',
  schema: { type: 'integer', minimum: 100, maximum: 599 },
  type: 'number',
}
export const yes: Form = { words: 'true or false', schema: { type: 'boolean' }, type: 'boolean' }
export const variables: Form = {
  words: 'an object of names and values',
  schema: {
    type: 'object',
    propertyNames: { pattern: String.raw`^[A-Za-z_]\w*$` },
    additionalProperties: { type: ['string', 'number', 'boolean'] },
  },
  type: 'Readonly<Record<string, string | number | boolean | undefined>>',
}

/** A number of hosts, or a share of the fleet. */
export function hosts(least: number): Form {
  return {
    words: `a number of hosts, at least ${least}, or a share of the fleet: \`25%\``,
    schema: anyOf({ type: 'integer', minimum: least }, pattern(String.raw`^\s*\d+(\.0+)?\s*%\s*$`)),
    type: 'number | Share',
  }
}

export function count(least: number): Form {
  return {
    words: `a whole number, at least ${least}`,
    schema: { type: 'integer', minimum: least },
    type: 'number',
  }
}

/** The first of `choices` that are not empty is named first. */
export function oneOf(...choices: readonly string[]): Form {
  const named = choices.filter((choice) => choice !== '')
  return {
    words: named.map((choice) => `\`${choice}\``).join(' or '),
    schema: { enum: choices },
    type: choices.map((choice) => `'${choice}'`).join(' | '),
  }
}

function text(words: string, source: string): Form {
  return { words, schema: source === '' ? { type: 'string' } : pattern(source), type: 'string' }
}

function pattern(source: string): JsonSchema {
  return { type: 'string', pattern: source }
}

function portNumber(): JsonSchema {
  return { type: 'integer', minimum: 1, maximum: 65_535 }
}

function anyOf(...schemas: readonly JsonSchema[]): JsonSchema {
  return { anyOf: schemas }
}
