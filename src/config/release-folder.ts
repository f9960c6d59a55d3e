/** Folders, as the commands of a hook name them. */
import { posix } from 'node:path'
import type { Word } from './shell-text.ts'

/** Inside the release: the folder relative to its top, `.` or `api`. With a `/` or `~` first: elsewhere. null: not known. */
export type Directory = string | null

/** Where a command stands, and the configuration's `path`: `<base>/current` and `<base>/source` mean the release. */
export interface Standing {
  readonly directory: Directory
  readonly base: string
  /** A variable set before it names a place that is not in the release: a build may write there. */
  readonly leadsOut: boolean
}

export function isInRelease(directory: Directory): directory is string {
  return directory !== null && !/^[/~]/.test(directory)
}

/** Where a word leads that names a folder. */
export function folderOf(word: Word, { directory, base }: Standing): Directory {
  const target = targetOf(word)
  if (target === null) return null
  if (/^[/~]/.test(target)) return absolute(target, base)
  if (!isInRelease(directory)) return directory === null ? null : absolute(posix.join(directory, target), base)
  const next = posix.normalize(posix.join(directory, target)).replace(/(?<=.)\/$/, '')
  return next === '..' || next.startsWith('../') ? null : next
}

/** True for an absolute path of the release: while it is prepared, `current` is still the old one. */
export function isAbsolute(word: Word): boolean {
  return /^[/~]/.test(targetOf(word) ?? '')
}

/** null where only the shell knows. */
function targetOf(word: Word): string | null {
  const target = word.value ?? word.text.replaceAll(/["']/g, '').replace(/^\$(?:HOME|\{HOME\})(?=\/|$)/, '~')
  return /[$`*?]|^-/.test(target) ? null : target
}

function absolute(target: string, base: string): Directory {
  const relative = posix.relative(posix.normalize(base), posix.normalize(target))
  const [top, ...rest] = relative.split('/')
  if (top === 'current' || top === 'source') return posix.join('.', ...rest)
  // Of a home, and of another way to write it, it is not known whether it is the same place.
  return target.startsWith(base.charAt(0)) ? posix.normalize(target) : null
}
