/** git in a hook: a release stands on the commit asked for already, so what would take it elsewhere has no place in it. */
import { type Directory, folderOf, isInRelease, type Standing } from './release-folder.ts'
import type { Word } from './shell-text.ts'
import { programOf } from './simple-command.ts'

export type GitKind =
  /** It would leave the commit asked for. */
  | 'moves'
  /** Other tools' habit before each deploy; a release, which is laid out fresh, has no use for it. */
  | 'needless'
  /** It would move some repository, and only the shell knows which. */
  | 'moves what is not known'
  | 'other'

const needless = new Set('fetch stash clean restore'.split(' '))
const moving = new Set('pull reset checkout switch merge rebase revert cherry-pick'.split(' '))
const showing = new Set('log show status diff rev-parse describe --version'.split(' '))

export function gitKind(words: readonly Word[], standing: Standing): GitKind {
  const { verb, rest, directory } = gitCall(words, standing)
  if (needless.has(verb)) return isInRelease(directory) ? 'needless' : 'other'
  if (!moving.has(verb) && !isMovingSubmodules(verb, rest)) return 'other'
  if (directory === null) return 'moves what is not known'
  return isInRelease(directory) ? 'moves' : 'other'
}

/** To what their own remotes have by now, and not to what the commit says. */
function isMovingSubmodules(verb: string, [next, ...options]: readonly string[]): boolean {
  return verb === 'submodule' && next === 'update' && options.some((word) => /^--(remote|merge|rebase)$/.test(word))
}

/** Fetches into the release what belongs to its commit, or only shows something. */
export function isHarmlessGit(words: readonly Word[], standing: Standing): boolean {
  const { verb, rest, directory } = gitCall(words, standing)
  if (!isInRelease(directory)) return false
  if (verb === 'submodule') return ['update', 'init', 'sync'].includes(rest[0] ?? '')
  return showing.has(verb) || (verb === 'lfs' && rest[0] === 'pull')
}

interface GitCall {
  /** '' where it is no call of git. */
  readonly verb: string
  readonly rest: readonly string[]
  /** Of the repository. */
  readonly directory: Directory
}

function gitCall(words: readonly Word[], standing: Standing): GitCall {
  const [git, ...rest] = programOf(words)
  if (!/^(.*\/)?git$/.test(git?.value ?? '')) return { verb: '', rest: [], directory: null }
  let { directory } = standing
  let at = 0
  for (; /^-(?!-version$)/.test(rest[at]?.text ?? ''); at++) {
    const option = rest[at]?.text ?? ''
    const value = rest[at + 1]
    if (option === '-C') directory = value === undefined ? null : folderOf(value, { ...standing, directory })
    if (/^--(git-dir|work-tree)/.test(option)) directory = null
    if (/^(-C|-c|--git-dir|--work-tree)$/.test(option)) at++
  }
  return { verb: rest[at]?.value ?? '', rest: rest.slice(at + 1).map(({ value }) => value ?? ''), directory }
}
