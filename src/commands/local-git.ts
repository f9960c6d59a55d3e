/** What only the deployer's own clone knows: never needed for a deploy, so nothing here fails. The only file that imports simple-git. */
import type { SimpleGit } from 'simple-git'

const commitsMax = 20
/** Git that does not answer for so long is left alone. */
const gitTimeoutMs = 5000

/**
 * The commits after `from` up to `to`, as `sha7 subject`, newest first, at most 20. Empty where the clone lacks one of
 * them, where `cwd` is no repository, or where there is no git. Reads only; asks no network.
 */
export async function commitsBetween(cwd: string, from: string | null, to: string): Promise<readonly string[]> {
  if (from === null || !isSha(from) || !isSha(to)) return []
  const log = await ask(cwd, 'log', `--max-count=${commitsMax}`, '--abbrev=7', '--format=%h %s', `${from}..${to}`, '--')
  return lines(log)
}

/** Whether HEAD is on a branch of a remote, as far as this clone knows; null where that cannot be said. */
export async function isPushed(cwd: string): Promise<boolean | null> {
  const remotes = await ask(cwd, 'remote')
  if (lines(remotes).length === 0) return null
  const branches = await ask(cwd, 'branch', '--remotes', '--contains', 'HEAD')
  return branches === null ? null : lines(branches).length > 0
}

/** Whether the file, as it stands here, is not the commit's. false where the clone lacks one of them. */
export async function differsFrom(cwd: string, file: string, sha: string): Promise<boolean> {
  return isSha(sha) && lines(await ask(cwd, 'diff', '--name-only', sha, '--', file)).length > 0
}

/** Where `origin` is fetched from; null where there is none, or where the address carries a password. */
export async function originUrl(cwd: string): Promise<string | null> {
  const [url] = lines(await ask(cwd, 'config', '--get', 'remote.origin.url'))
  if (url === undefined || /^[a-z]+:\/\/[^/]*:[^/]*@/.test(url)) return null
  return url
}

/** What the branch here follows at `origin`, else what `origin` shows first: `origin/main`. null where that is not known. */
export async function followedBranch(cwd: string): Promise<string | null> {
  const [followed] = lines(await ask(cwd, 'rev-parse', '--abbrev-ref', '--symbolic-full-name', '@{upstream}'))
  if (followed?.startsWith('origin/')) return followed
  const [shown] = lines(await ask(cwd, 'symbolic-ref', '--short', 'refs/remotes/origin/HEAD'))
  return shown ?? null
}

/** Where `cwd` is below the top of its repository, `apps/api`; '' at the top, and where there is none. */
export async function folderInRepository(cwd: string): Promise<string> {
  const [prefix = ''] = lines(await ask(cwd, 'rev-parse', '--show-prefix'))
  return prefix.replace(/\/$/, '')
}

/** Whether it can stand in a command as one revision, and as nothing else. */
function isSha(text: string): boolean {
  return /^[0-9a-f]{7,64}$/.test(text)
}

/** The output of a git command; null where it failed in whatever way. */
async function ask(cwd: string, ...words: readonly string[]): Promise<string | null> {
  try {
    return await (await open(cwd)).raw([...words])
  } catch {
    return null
  }
}

async function open(cwd: string): Promise<SimpleGit> {
  const { simpleGit } = await import('simple-git')
  return simpleGit({ baseDir: cwd, timeout: { block: gitTimeoutMs } })
}

function lines(text: string | null): readonly string[] {
  return (text ?? '').split('\n').filter((line) => line.trim() !== '')
}
