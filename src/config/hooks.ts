import { readFile, stat } from 'node:fs/promises'
import { posix, resolve } from 'node:path'
import { type GitCommand, readChain } from './chain.ts'
import { type Directory, isInRelease } from './release-folder.ts'

/**
 * `pre-setup` may name a script on the deployer's disk, which then runs on the host (pm2 deploy pipes it to `bash -s`).
 * Such a script becomes its own text, behind the arguments that were given to it.
 */
export async function withLocalScripts(texts: readonly string[], cwd: string): Promise<readonly string[]> {
  return Promise.all(
    texts.map(async (text) => {
      const [file = '', ...rest] = text.split(/\s+/)
      const path = resolve(cwd, file)
      const isScript = await stat(path).then(
        (found) => found.isFile(),
        () => false,
      )
      if (!isScript) return text
      const script = await readFile(path, 'utf8')
      return rest.length === 0 ? script : `set -- ${rest.join(' ')}\n${script}`
    }),
  )
}

export interface CheckedHook {
  readonly texts: readonly string[]
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
}

/**
 * `pre-deploy` stands in the running release: git would change what runs, and what a later rollback goes back to.
 * What can be left out is; what stands in the middle of something else is refused.
 */
export function withoutGitMoves(key: string, written: readonly string[], base: string): CheckedHook {
  const chain = readChain(written, base)
  const leftOut = chain.flatMap((part) => part.leftOut)
  return {
    texts: leftOut.length === 0 ? written : chain.filter(({ kind }) => kind !== 'leave-out').map(({ text }) => text),
    problems: fixedIn(written, base),
    warnings: leftOut.map(
      ({ text }) => `${key}: \`${text}\` is left out: every release is laid out at the commit asked for`,
    ),
  }
}

/** What is wrong with a hook out of which git is taken where that can be done. */
export function fixedIn(texts: readonly string[], base: string): readonly string[] {
  return readChain(texts, base).flatMap(({ fixed }) => fixed.map(gitProblem))
}

/** What is wrong with commands that are run as they are. */
export function movesIn(texts: readonly string[], base: string): readonly string[] {
  return readChain(texts, base)
    .flatMap(({ leftOut, fixed }) => [...leftOut.filter(({ git }) => git === 'moves'), ...fixed])
    .map(gitProblem)
}

function gitProblem({ text, git }: GitCommand): string {
  return git === 'moves what is not known'
    ? `has \`${text}\` in a folder that only the shell knows, and in the release it would leave the commit asked for: take it out, or write the folder's path`
    : `has \`${text}\`, which would leave the commit asked for, where it cannot be left out: take it out`
}

/** Paths that lead elsewhere than with pm2 deploy, because a release is no longer `<path>/source`. */
export function layoutWarnings(key: string, texts: readonly string[], base: string): readonly string[] {
  const outside = readChain(texts, base).flatMap(({ text, directory }) => leadingOut(text, directory))[0]
  const hasSource = texts.some((text) => text.includes(`${base}/source`))
  return [
    ...(outside === undefined
      ? []
      : [
          `${key}: \`${outside}\` leads out of the release, which stands in ${base}/releases/<release> and not in ${base}/source: check that it is meant so ($SHARED is ${base}/shared)`,
        ]),
    ...(hasSource ? [`${key}: there is no ${base}/source here: write ${base}/current`] : []),
  ]
}

/** Relative paths that leave the release, but for those of a `cd`, and of `../shared`, which is there. */
function leadingOut(text: string, directory: Directory): readonly string[] {
  const found = text.match(/(?<!\bcd\s+["']?)(?<=^|[\s"'=])(?:\.\/)?\.\.\/[^\s"';&|)]*/gm) ?? []
  return found.filter((path) => {
    if (!isInRelease(directory)) return false
    const to = posix.join(directory, path)
    return to.startsWith('..') && !`${to}/`.startsWith('../shared/')
  })
}
