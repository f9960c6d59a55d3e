/** What a deploy, or its plan, is asked to do: read from the options. */
import { parseDuration } from '../config/duration.ts'
import { nearest } from '../config/nearest.ts'
import type { Options } from './options.ts'
import { usage } from './usage.ts'
import { environmentWords } from './verbs.ts'

/** What the fleet is to run: a ref (null: the configuration's), a release that is there (its name, or how many releases back), or, for hosts that are new, what the others run. */
export type Goal =
  | { readonly kind: 'ref'; readonly ref: string | null }
  | { readonly kind: 'release'; readonly release: string | number }
  | { readonly kind: 'join'; readonly hosts: readonly string[] }

/** A roll, and the same roll as `plan` shows it. */
export interface Wishes {
  readonly goal: Goal
  readonly allowDowntime: boolean
  /** Installs everything, in a release of its own. */
  readonly fresh: boolean
  /** Names of hosts to go on without. */
  readonly skip: readonly string[]
  readonly allowSkipped: boolean
  /** `canary`: the first batch. */
  readonly pauseAfter: 'canary' | null
  /** What becomes of a migration that was cut off. */
  readonly migrate: 'again' | 'done' | null
  /** How long it waits for the lock. */
  readonly waitMs: number
}

export const pausePoints = ['canary'] as const
export const migrateAnswers = ['again', 'done'] as const

export function readWishes(options: Options, goal: Goal): Wishes {
  const { allowDowntime, fresh, skip, allowSkipped } = options
  const migrate = oneOf('migrate', options.migrate, migrateAnswers)
  if (goal.kind === 'release' && migrate !== null)
    throw usage('--migrate does not go with a rollback: going back runs no migration, and undoes none.')
  if (goal.kind === 'release' && fresh)
    throw usage('--fresh does not go with a rollback: the release is there, and nothing is installed.')
  return {
    goal,
    allowDowntime,
    fresh,
    skip,
    allowSkipped,
    pauseAfter: oneOf('pause-after', options.pauseAfter, pausePoints),
    migrate,
    waitMs: readWait(options),
  }
}

function readWait({ wait }: Options): number {
  if (wait === undefined) return 0
  const parsed = parseDuration(wait)
  if (!parsed.ok) throw usage(`--wait ${parsed.problem}.`)
  return parsed.value
}

function oneOf<const Word extends string>(
  option: string,
  given: string | undefined,
  words: readonly Word[],
): Word | null {
  if (given === undefined) return null
  const found = words.find((word) => word === given)
  if (found !== undefined) return found
  const meant = nearest(given, words)
  const known = words.map((word) => `\`${word}\``).join(' or ')
  throw usage(
    `--${option} takes ${known}, not \`${given}\`.`,
    meant === undefined ? undefined : `Did you mean \`--${option} ${meant}\`?`,
  )
}

export function readGoal({ ref, rollback }: Pick<Options, 'ref' | 'rollback'>): Goal {
  if (rollback === undefined) return { kind: 'ref', ref: ref ?? null }
  if (ref !== undefined) throw usage('--ref and --rollback exclude each other.')
  if (rollback === true) return { kind: 'release', release: 1 }
  // `--rollback plan` would be read as a release by that name.
  if (environmentWords.includes(rollback)) throw usage(`Put \`${rollback}\` before --rollback.`)
  return { kind: 'release', release: rollback }
}
