/** `subdir`: the app's folder, in a repository of several. */
import { posix } from 'node:path'
import { isPlainInstall } from '../hosts/installs.ts'
import { command } from '../hosts/shell.ts'
import { readChain } from './chain.ts'
import { folderOf } from './release-folder.ts'
import { readShell } from './shell-text.ts'
import type { Split } from './types.ts'

/** The two halves of `post-deploy`, and what runs once for a commit. */
interface Work {
  readonly split: Split
  readonly migrate: string | null
}

/**
 * What is installed first is installed at the top, once for all, behind what is set up for it; the rest runs in the
 * folder. What was set up at the top is set up there for the other half as well.
 */
export function inSubdir({ split, migrate }: Work, subdir: string | undefined): Work {
  if (subdir === undefined) return { split, migrate }
  const enter = command('cd', `./${subdir.replace(/\/$/, '')}`)
  const top = atTheTop(split.prepare)
  const rest = split.prepare.slice(top.length)
  // Also where nothing is prepared there: a folder that is not in the commit is found before any host is out.
  const prepare = [...top, enter, ...rest]
  const states = top.filter((text) => !isPlainInstall(text))
  const areAgain = states.every((text, index) => split.activate[index] === text)
  const again = areAgain ? states : []
  return {
    split: { ...split, prepare, activate: [...again, enter, ...split.activate.slice(again.length)] },
    migrate: migrate === null ? null : `${enter} && ${migrate}`,
  }
}

/** Up to the last of the installs that come first. */
function atTheTop(prepare: readonly string[]): readonly string[] {
  const end = prepare.findIndex((text) => !isPlainInstall(text) && !setsUp(text))
  const first = end < 0 ? prepare : prepare.slice(0, end)
  return first.slice(0, first.findLastIndex(isPlainInstall) + 1)
}

/** `nvm use`; not `cd`, which is meant from the app's folder. */
function setsUp(text: string): boolean {
  const parts = readChain([text], '/')
  return parts.every(({ kind }) => kind === 'state') && !/^\s*cd\b/m.test(text)
}

/** The first command that enters the folder, from where that is done already; null where there is none. */
export function entering(texts: readonly string[], { subdir, base }: { subdir: string; base: string }): string | null {
  const to = posix.normalize(subdir).replace(/\/$/, '')
  const top = { directory: '.', base, leadsOut: false }
  const found = texts
    .flatMap((text) => readShell(text).commands)
    .find(({ words: [first, folder] }) => first?.text === 'cd' && folder && folderOf(folder, top) === to)
  return found?.text ?? null
}
