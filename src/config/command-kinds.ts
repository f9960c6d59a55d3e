/** What one command of a hook is to the running app. Only what is known to be harmless is done beside it. */
import { posix } from 'node:path'
import { gitKind } from './git-commands.ts'
import { isHarmless } from './harmless.ts'
import { writesOutside } from './outside.ts'
import { onlyReads, readsTheTime } from './readers.ts'
import { type Directory, folderOf, isAbsolute, isInRelease, type Standing } from './release-folder.ts'
import type { Command, Word } from './shell-text.ts'
import { simpleCommand } from './simple-command.ts'

export type CommandKind =
  /** Installs, builds or shows something inside the release. */
  | { readonly kind: 'prepare' }
  /** Sets something up for later commands: it holds in both halves, as `text`. */
  | { readonly kind: 'state'; readonly text: string; readonly directory: Directory }
  /** git that would move the release to another commit than the one asked for, or has nothing to do in it. */
  | { readonly kind: 'leave-out' }
  /** Anything else: only while the host is out. `directory` is where the next command stands. */
  | { readonly kind: 'activate'; readonly directory: Directory }

const stateful = new Set('export set unset umask ulimit shopt alias'.split(' '))
const sourcing = new Set(['source', '.'])

export function commandKind(command: Command, standing: Standing): CommandKind {
  const { directory } = standing
  const words = simpleCommand(command.words)
  const [first] = words.map((word) => word.value)
  const activate: CommandKind = { kind: 'activate', directory }
  const state: CommandKind = { kind: 'state', text: command.text, directory }
  if (first === 'cd') return changeDirectory(command, words, standing)
  if (first === 'pushd' || first === 'popd') return { kind: 'activate', directory: null }
  if (['moves', 'needless'].includes(gitKind(words, standing))) return { kind: 'leave-out' }
  if (!onlyReads(command.text) || (isInRelease(directory) && writesOutside(command, directory))) return activate
  if (isState(words)) return readsTheTime(command.text) ? activate : state
  return isInRelease(directory) && isHarmless(command, directory, standing) ? { kind: 'prepare' } : activate
}

function isState(words: readonly Word[]): boolean {
  const [first = '', second] = words.map(({ value }) => value ?? '?')
  if (sourcing.has(first)) return isSettings(words[1])
  const isVersion = (first === 'nvm' || first === 'fnm') && (second === 'use' || second === 'install')
  return words.length === 0 || stateful.has(first) || isVersion
}

/** True for a file that by its name only sets something up: `~/.nvm/nvm.sh`, `.env.production`. Any other one may do anything. */
function isSettings(word: Word | undefined): boolean {
  const name = posix.basename(word?.text.replaceAll(/["']/g, '') ?? '')
  return /^\.?(\w*profile|(bash|zsh|k)?rc|(bash|zsh)_?(rc|env|login)|zprofile|activate|(nvm|fnm|asdf|sdkman-init)(\.sh)?)$|(^|[._-])(env|envrc|environment|vars)([._-]|$)/.test(
    name,
  )
}

function changeDirectory(command: Command, words: readonly Word[], standing: Standing): CommandKind {
  const word = words[1]
  const { directory } = standing
  const to = words.length === 2 && word !== undefined ? folderOf(word, standing) : null
  if (word === undefined || !isInRelease(to) || !isInRelease(directory)) return { kind: 'activate', directory: to }
  // While it is prepared, `current` is still the old release: the absolute path would change what runs.
  const text = isAbsolute(word) ? `cd ./${posix.relative(directory, to)}`.replace(/\/$/, '') : command.text
  return { kind: 'state', text, directory: to }
}
