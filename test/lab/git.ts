import type { Machine } from './machine.ts'
import { type Behaviour, filesOf, RELEASES, type ReleaseName, releaseStream } from './releases.ts'

/** The repository of the sample app, on a machine of its own. */
export interface GitHost {
  /** As an app host's `deploy` user, and the deployer's key, reach it: `git@10.77.0.3:shop.git`. */
  readonly url: string
  readonly machine: Machine
  /** The full commit id of each release, by its tag. */
  readonly commits: Readonly<Record<ReleaseName, string>>
  /** Moves the branch `main` to a release, as a push would. It starts at v1. */
  push(release: ReleaseName): Promise<void>
  /** Makes one more release: a tag of that name on a new commit, with its full id. A ref that is there is moved. */
  commit(name: string, behaviour: Behaviour): Promise<string>
  /** Any git command in the repository, as its owner; its output, trimmed. */
  run(command: string): Promise<string>
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
    commit: (name, behaviour) => written(machine, commitScript(name, behaviour)),
    run: async (command) => (await git(command)).trim(),
  }
}

async function written(machine: Machine, script: string): Promise<string> {
  const { code, stdout, stderr } = await machine.exec(script, { user: 'git' })
  if (code !== 0) throw new Error(`the commit could not be made: ${stderr}`)
  return stdout.trim()
}

/** The release v1, with what its behaviour needs in its files. */
function commitScript(name: string, behaviour: Behaviour): string {
  const files = filesOf(name, behaviour === 'leaks-its-port' ? { behaviour, mode: 'fork' } : { behaviour })
  const write = (path: string) =>
    `blob=$(printf %s ${quoted(files[path] ?? '')} | git hash-object -w --stdin)
    git update-index --add --cacheinfo "100644,$blob,${path}"`
  return `set -e
    cd ${REPOSITORY}
    export GIT_INDEX_FILE=/tmp/index-of-${name}
    export GIT_AUTHOR_NAME=Shop GIT_AUTHOR_EMAIL=shop@example.com GIT_COMMITTER_NAME=Shop GIT_COMMITTER_EMAIL=shop@example.com
    git read-tree refs/tags/v1
    ${write('release.json')}
    ${write('package.json')}
    ${write('ecosystem.config.js')}
    commit=$(git commit-tree -p refs/tags/v1 -m ${quoted(`Release ${name}`)} "$(git write-tree)")
    git update-ref refs/tags/${name} "$commit"
    echo "$commit"`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

export function repositoryUrl({ address }: Pick<Machine, 'address'>): string {
  return `git@${address}:shop.git`
}

function commitOf(commits: ReadonlyMap<string, string>, name: string): string {
  const commit = commits.get(name)
  if (commit === undefined) throw new Error(`the repository has no tag ${name}`)
  return commit
}
