import { UserError } from '../errors.ts'
import { nearest } from './nearest.ts'

/** Where in the file: `['deploy', 'production', 'host', 1]`. */
export type KeyPath = readonly (string | number)[]

export interface Problem {
  readonly path: KeyPath
  /** Follows the key in a sentence, and says what to do: `must be a list`. */
  readonly text: string
}

/** What a parser made of a value, or what is wrong with it. */
export type Parsed<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problem: string }

export function valid<Value>(value: Value): Parsed<Value> {
  return { ok: true, value }
}

export function invalid(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem }
}

/** `deploy.production.host[1]`, `deploy.production.upload['.env']` */
export function keyText(path: KeyPath): string {
  return path
    .map((key) => {
      if (typeof key === 'number') return `[${key}]`
      return /[./]/.test(key) ? `['${key}']` : `.${key}`
    })
    .join('')
    .replace(/^\./, '')
}

/** All problems as one error, a line each. `locate` gives what stands before the key path: `deploy.yml:12:5`. */
export function configError(problems: readonly Problem[], locate: (path: KeyPath) => string): UserError {
  const lines = problems.map(({ path, text }) => `${locate(path)} ${keyText(path)} ${text}`)
  return new UserError('config', [...new Set(lines)].join('\n'))
}

/** `is not known: did you mean …?` */
export function unknownKey(key: string, known: readonly string[]): string {
  const meant = nearest(key, known)
  return meant === undefined
    ? `is not known: take it out. Known here: ${[...known].sort().join(', ')}`
    : `is not known: did you mean \`${meant}\`?`
}

/** For messages: `the number 2222`, `a list`. Never the value of a text: it may be a secret. */
export function kindOf(value: unknown): string {
  if (value === null) return 'empty (null)'
  if (Array.isArray(value)) return 'a list'
  if (value === '') return 'an empty text'
  if (typeof value === 'number') return `the number ${value}`
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'object') return 'an object'
  return typeof value === 'string' ? 'a text' : `a ${typeof value}`
}
