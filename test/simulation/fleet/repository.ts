/** The git repository, and what the app of each commit is like. */
import type { HostName } from '../../../src/rollout/model.ts'

/** How an app behaves once its processes were started. */
export type Behaviour =
  | { readonly kind: 'well' }
  /** Started again and again, until its manager gives it up. */
  | { readonly kind: 'throws at boot' }
  /** Online, and never listens. */
  | { readonly kind: 'never ready' }
  | { readonly kind: 'answers 500' }
  /** And is started again, every time. */
  | { readonly kind: 'dies'; readonly afterMs: number }
  | { readonly kind: 'ill for a while'; readonly forMs: number }
  | { readonly kind: 'turns ill'; readonly afterMs: number }
  | { readonly kind: 'flaps'; readonly everyMs: number }
  /** The reload ends well, and the old processes go on. */
  | { readonly kind: 'keeps old code' }

export interface Commit {
  readonly sha: string
  readonly behaviour: Behaviour
  /** Hosts on which it behaves so; elsewhere it is well. */
  readonly on: 'every host' | readonly HostName[]
  /** Commands that end badly in this commit: an install, a build, a migration. */
  readonly failing: readonly string[]
}

export interface Repository {
  /** Full names: `refs/heads/main`, `refs/tags/v1`. Moves when somebody pushes. */
  readonly refs: Map<string, string>
  readonly commits: Map<string, Commit>
}

export function behaviourOn({ behaviour, on }: Commit, host: HostName): Behaviour {
  return on === 'every host' || on.includes(host) ? behaviour : { kind: 'well' }
}

export function wellCommit(sha: string): Commit {
  return { sha, behaviour: { kind: 'well' }, on: 'every host', failing: [] }
}
