/** Places that are not in the release: what writes there is no matter of the release alone. Each `directory` is one of the release. */
import { posix } from 'node:path'
import type { Command, Word } from './shell-text.ts'
import { simpleCommand } from './simple-command.ts'

/** What these name may lie anywhere, for it is shared, and made for that; or is no place at all. */
const sharedPlaces =
  /^(--(cache|cache-folder|store-dir|userconfig|globalconfig|cafile)|(npm_config|NPM_CONFIG)_\w+|PATH|\w*HOME|(NVM|FNM|ASDF)_DIR|BUN_INSTALL|TMPDIR|NODE_(ENV|OPTIONS|EXTRA_CA_CERTS)|SSH_\w+|\w*CACHE\w*)$/

/** True where a variable that the command sets for later ones names such a place. */
export function exportsOutside({ words }: Command, directory: string): boolean {
  const [first, ...rest] = simpleCommand(words)
  if (first !== undefined && first.text !== 'export') return false
  // What a command prints is a value, and no place.
  const values = (first === undefined ? words : rest).filter(({ text }) => /^["']?\w+=["']?(?!\$\(|`)/.test(text))
  return namesOutside(values, directory)
}

/** True where an argument or a variable names a place that is not in the release, or that only the shell knows: a build may write there. */
export function leadsOutside(words: readonly Word[], directory: string): boolean {
  const program = simpleCommand(words)[0]
  return namesOutside(
    words.filter((word) => word !== program),
    directory,
  )
}

function namesOutside(words: readonly Word[], directory: string): boolean {
  const texts = words.map(({ text }) => unquoted(text))
  return texts.some((text, index) => {
    const [, name = texts[index - 1] ?? '', value = text] = /^(-*[\w-]+)=([\s\S]*)$/.exec(text) ?? []
    return !sharedPlaces.test(name) && isOutside(value, directory)
  })
}

/** True where its output goes to a file that is not in the release, or that only the shell knows. */
export function writesOutside({ redirections }: Command, directory: string): boolean {
  const targets = redirections
    .filter((text) => !/^\d*<(?![>&])/.test(text))
    .map((text) => text.replace(/^[\d&<>|]+\s*/, ''))
  return targets.some(
    (text) => !/^\/dev\/(null|stdout|stderr|fd\/\d)$/.test(text) && isOutside(unquoted(text), directory),
  )
}

function unquoted(text: string): string {
  return text.replaceAll(/["']/g, '')
}

function isOutside(place: string, directory: string): boolean {
  return (
    /^[/~$`]/.test(place) || posix.join(directory, place).startsWith('../') || posix.join(directory, place) === '..'
  )
}
