/** How a fleet stands before anything happens. Nothing here is a change: nobody hears of it. */
import type { Manifest } from '../../../src/hosts/history.ts'
import type { HostName } from '../../../src/rollout/model.ts'
import { standing } from './app.ts'
import { type Commit, wellCommit } from './repository.ts'
import { boxOf, type World } from './world.ts'

/** The commit is what a branch leads to from now on. */
export function push(world: World, branch: string, commit: Commit): void {
  world.repository.commits.set(commit.sha, commit)
  world.repository.refs.set(`refs/heads/${branch}`, commit.sha)
}

const deployedAt = '2026-11-20T12:00:00.000Z'

export interface Standing {
  readonly id: string
  readonly sha: string
  readonly manifest?: Partial<Manifest>
  /** Every host where nothing else is said. */
  readonly on?: readonly HostName[]
}

/** That release was deployed, is in the history, runs and is well. Called again with a later one, the earlier one is the one before. */
export function standOn(world: World, { id, sha, manifest = {}, on = [...world.hosts.keys()] }: Standing): void {
  if (!world.repository.commits.has(sha)) world.repository.commits.set(sha, wellCommit(sha))
  for (const host of on) {
    const box = boxOf(world, host)
    const { disk } = box
    disk.isSetUp = true
    disk.mirror.commits.add(sha)
    disk.releases.set(id, { sha, built: 'whole' })
    disk.manifests.set(id, { ...verifiedManifest(id, sha), ...manifest })
    disk.current = { kind: 'release', id }
    disk.history.push({ at: deployedAt, release: id, sha, kind: 'deploy', by: 'ada@laptop' })
    standing(world, box, `${world.layout.releases}/${id}`)
  }
}

/** Something runs there, and is well, that no release of ours explains. */
export function standOnSomethingElse(world: World, host: HostName): void {
  standing(world, boxOf(world, host), '/srv/old-shop')
}

function verifiedManifest(id: string, sha: string): Manifest {
  return {
    id,
    sha,
    ref: 'main',
    state: 'verified',
    at: deployedAt,
    activatedAt: deployedAt,
    verifiedAt: deployedAt,
    prepare: [],
    activate: ['pm2 startOrReload ecosystem.config.js'],
    env: {},
    environment: 'production',
    manager: 'pm2',
  }
}
