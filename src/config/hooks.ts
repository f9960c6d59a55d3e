import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fixedMoves, withoutGit } from './split.ts'

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
export function withoutGitMoves(key: string, written: readonly string[]): CheckedHook {
  const { kept, leftOut } = withoutGit(written)
  return {
    texts: kept,
    problems: movesIn(kept),
    warnings: leftOut.map(
      (text) => `${key}: \`${text}\` is left out: every release is laid out at the commit asked for`,
    ),
  }
}

/** For a text that git commands cannot be taken out of. */
export function movesIn(texts: readonly string[]): readonly string[] {
  return texts
    .flatMap(fixedMoves)
    .map(
      (move) =>
        `has \`${move}\`, which would leave the commit asked for, among commands that it cannot be taken out of: take it out`,
    )
}

/** Paths that lead elsewhere than with pm2 deploy, because a release is no longer `<path>/source`. */
export function layoutWarnings(key: string, texts: readonly string[], base: string): readonly string[] {
  const commands = texts.join('\n')
  const outside = /(?<!\bcd\s+["']?)(?<=^|[\s"'=])(?:\.\/)?\.\.\/[^\s"';&|)]*/m.exec(commands)?.[0]
  const hasSource = commands.replaceAll(/\bcd\s+\S+/g, '').includes(`${base}/source`)
  return [
    ...(outside === undefined
      ? []
      : [
          `${key}: \`${outside}\` leads out of the release, which stands in ${base}/releases/<release> and not in ${base}/source: check that it is meant so ($SHARED is ${base}/shared)`,
        ]),
    ...(hasSource ? [`${key}: there is no ${base}/source here: write ${base}/current`] : []),
  ]
}
