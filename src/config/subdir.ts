import { isPlainInstall } from '../hosts/installs.ts'
import { command } from '../hosts/shell.ts'
import type { Split } from './types.ts'

/** The two halves of `post-deploy`, and what runs once for a commit. */
interface Work {
  readonly split: Split
  readonly migrate: string | null
}

/** `subdir`: the app's folder in a repository of several. What is installed first is installed at the top, once for all. */
export function inSubdir({ split, migrate }: Work, subdir: string | undefined): Work {
  if (subdir === undefined) return { split, migrate }
  const enter = command('cd', `./${subdir.replace(/\/$/, '')}`)
  const first = split.prepare.findIndex((text) => !isPlainInstall(text))
  const installs = first < 0 ? split.prepare : split.prepare.slice(0, first)
  const rest = split.prepare.slice(installs.length)
  const prepare = rest.length === 0 ? installs : [...installs, enter, ...rest]
  return {
    split: { ...split, prepare, activate: [enter, ...split.activate] },
    migrate: migrate === null ? null : `${enter} && ${migrate}`,
  }
}
