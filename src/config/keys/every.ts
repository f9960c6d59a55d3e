/** Every key that is described, by the name under which a person looks for it. */
import { nearest } from '../nearest.ts'
import { environmentKeys } from './environment.ts'
import type { Key, Keys } from './key.ts'

export interface NamedKey {
  /** Below the environment: `rollout.batch`. */
  readonly name: string
  readonly key: Key
}

/** Each section's keys behind the section itself. */
export const everyKey: readonly NamedKey[] = below(environmentKeys)

/**
 * What a person means by a word: the key of that name, or those that end so. Also takes what messages say:
 * `deploy.production.host[1].server`.
 */
export function keysCalled(word: string): readonly NamedKey[] {
  const name = word.replaceAll(/\[\d*\]/g, '').replace(/^deploy\.[^.]+\./, '')
  const exact = everyKey.filter((named) => named.name === name)
  return exact.length > 0 ? exact : everyKey.filter((named) => named.name.endsWith(`.${name}`))
}

/** The name that a mistyped word most likely means; undefined where none is near enough. */
export function nearestKey(word: string): string | undefined {
  const names = everyKey.map(({ name }) => name)
  const last = nearest(word, names.map(lastPart))
  return nearest(word, names) ?? names.find((name) => lastPart(name) === last)
}

/** What holds where the key is not written; '' where that is nothing. */
export function standardOf(key: Key): string {
  return key.default === undefined ? (key.without ?? '') : `\`${String(key.default)}\``
}

/** Where it stands alone: `How far they are apart. Default: `250ms`.` */
export function sentences(key: Key): string {
  const standard = standardOf(key)
  const text = `${key.meaning.charAt(0).toUpperCase()}${key.meaning.slice(1)}.`
  return standard === '' ? text : `${text} Default: ${standard}.`
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

function below(keys: Keys, prefix = ''): readonly NamedKey[] {
  return Object.entries(keys).flatMap(([own, key]) => [
    { name: `${prefix}${own}`, key },
    ...below(key.section?.keys ?? {}, `${prefix}${own}.`),
  ])
}
