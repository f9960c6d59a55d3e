/** What a deploy is asked for, and whom it meets. */
import type { Finding } from '../balancers/balancer.ts'
import type { Source } from '../hosts/depot.ts'
import type { Manifest } from '../hosts/history.ts'
import type { Upload } from '../hosts/sharing.ts'
import type { Goal, Recipe, Wish } from './goal.ts'
import type { Interruption } from './interruption.ts'
import type { Migration } from './migrate.ts'
import type { AskPerson } from './pause.ts'
import type { Policy } from './plan.ts'

/** What is to be deployed, and how. */
export interface Order {
  readonly wish: Wish
  readonly recipe: Recipe
  readonly source: Source
  /** What the recipe's `uploads` are the digests of. */
  readonly uploads: readonly Upload[]
  /** A release of its own, in which everything is installed. */
  readonly isFresh: boolean
  /** `post-setup`: before the first release of all. */
  readonly onFirst: readonly string[]
  /** `pre-deploy`, in the release that runs. */
  readonly before: readonly string[]
  readonly policy: Policy
  /** How many releases stay on a host. */
  readonly keep: number
  /** null: nothing is to be migrated. */
  readonly migration: Migration | null
  readonly allowDowntime: boolean
  /** Hosts that it goes on without do not keep it from ending well. */
  readonly allowSkipped: boolean
  /** `ada@laptop` */
  readonly by: string
  /** The token of the deploy that was cut off, and that this one goes on with or takes back; null: it is one of its own. */
  readonly answers: string | null
}

/** Whom a deploy meets beside the fleet. */
export interface Company {
  /** When the command began, by the fleet's clock. */
  readonly startedMs: number
  readonly interruption: Interruption
  readonly askPerson: AskPerson
  /** What was found while connecting. */
  readonly findings: readonly Finding[]
  /** The goal is known, and nothing was changed yet: to say what it brings. */
  readonly onGoal: (goal: Goal, fromSha: string | null) => Promise<void>
  /** `pre-deploy-local`. */
  readonly beforePrepare: (manifest: Manifest, signal: AbortSignal) => Promise<void>
}
