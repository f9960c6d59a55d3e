import type { Machine } from './machine.ts'
import { RELEASES, type ReleaseName, releaseStream } from './releases.ts'

/** The repository of the sample app, on a machine of its own. */
export interface GitHost {
  /** As an app host's `deploy` user, and the deployer's key, reach it: `git@10.77.0.3:shop.git`. */
  readonly url: string
  readonly machine: Machine
  /** The full commit id of each release, by its tag. */
  readonly commits: Readonly<Record<ReleaseName, string>>
  /** Moves the branch `main` to a release, as a push would. It starts at v1. */
  push(release: ReleaseName): Promise<void>
}

const REPOSITORY = '/home/git/shop.git'

/** What the git machine's disk needs, as text that runs on it: the bare repository with all releases. */
export const GIT_FILES = { '/etc/zdr-lab/releases': releaseStream() }
export const GIT_PREPARE = `runuser -u git -- sh -ec '
  cd /home/git
  git init --quiet --bare --initial-branch=main ${REPOSITORY}
  git -C ${REPOSITORY} fast-import --quiet </etc/zdr-lab/releases'`

/** Speaks of a git machine that has been started. */
export async function gitHost(machine: Machine): Promise<GitHost> {
  const git = async (command: string) => {
    const { code, stdout, stderr } = await machine.exec(`git -C ${REPOSITORY} ${command}`, { user: 'git' })
    if (code !== 0) throw new Error(`git ${command}: ${stderr}`)
    return stdout
  }
  const tags = await git(`for-each-ref --format='%(refname:short) %(objectname)' refs/tags`)
  const commits = new Map(
    tags
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]),
  )
  return {
    url: repositoryUrl(machine),
    machine,
    commits: Object.fromEntries(Object.keys(RELEASES).map((name) => [name, commitOf(commits, name)])) as Record<
      ReleaseName,
      string
    >,
    push: async (release) => void (await git(`update-ref refs/heads/main refs/tags/${release}`)),
  }
}

export function repositoryUrl({ address }: Pick<Machine, 'address'>): string {
  return `git@${address}:shop.git`
}

function commitOf(commits: ReadonlyMap<string, string>, name: string): string {
  const commit = commits.get(name)
  if (commit === undefined) throw new Error(`the repository has no tag ${name}`)
  return commit
}
