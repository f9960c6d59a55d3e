/** What is imagined for one seed: a fleet, a policy, how likely what goes wrong, and what people do, one after another. */
import type { Batch, HostName } from '../../../src/rollout/model.ts'
import { type BatchSize, batchesOf, minServingOf, type Size } from '../../../src/rollout/policy.ts'
import { type Dials, quiet } from '../fleet/dials.ts'
import type { Behaviour, Commit } from '../fleet/repository.ts'
import type { Dice } from '../random.ts'
import { judgePolicy } from './policy.ts'

export interface Times {
  readonly passes: number
  readonly stableMs: number
  readonly drainTimeoutMs: number
  readonly soakMs: number
}

export interface Story {
  readonly hosts: readonly HostName[]
  /** Machines of the balancer; 0: there is none. */
  readonly balancers: number
  readonly mode: 'cluster' | 'fork'
  readonly hasHealth: boolean
  readonly batches: readonly Batch[]
  readonly minServing: number
  readonly onFailure: 'rollback' | 'stop'
  readonly onDrainTimeout: 'fail' | 'continue'
  /** How many releases stay on a host. */
  readonly keep: number
  readonly times: Times
  /** What ran before anybody looked. */
  readonly start: 'nothing' | 'a release' | 'something foreign'
  readonly dials: Dials
  /** When things begin to go wrong. From the beginning, most deploys would end before their rollout. */
  readonly quietMs: number
  readonly acts: readonly Act[]
}

/** Somebody runs a deploy. */
export interface Act {
  readonly kind: 'deploy' | 'rollback'
  /** How the one that died before it is answered, where it was cut off; then the kind is that answer's. */
  readonly again: 'the same' | 'resume' | 'abort'
  /** What is pushed to the branch just before; null: nothing new. */
  readonly commit: Commit | null
  readonly migrate: 'none' | 'well' | 'failing'
  readonly skip: readonly HostName[]
  readonly allowSkipped: boolean
  /** What is said when it pauses, where, and after how long. */
  readonly answer: {
    readonly what: 'resume' | 'abort' | 'nothing'
    readonly at: 'the terminal' | 'a host'
    readonly afterMs: number
  }
  /** After so many changes of the world since it began. */
  readonly dies: { readonly after: number; readonly how: 'killed' | 'cut off' } | null
  readonly interruptedAfter: number | null
  /** Begun while the one before still runs, after so many changes; null: after its end. */
  readonly besideAfter: number | null
}

export function imagine(dice: Dice): Story {
  const hosts = Array.from({ length: hostCount(dice) }, (_, index) => `web-${index + 1}`)
  const balancers = hosts.length === 1 ? dice.below(2) : pick(dice, [1, 1, 1, 1, 2, 2, 0] as const)
  const dials = imagineDials(dice)
  return {
    hosts,
    balancers,
    ...imaginePolicy(dice, hosts, balancers > 0),
    mode: dice.chance(0.2) ? 'fork' : 'cluster',
    hasHealth: dice.chance(0.9),
    onDrainTimeout: dice.chance(0.8) ? 'fail' : 'continue',
    keep: 2 + dice.below(2),
    times: {
      passes: 1 + dice.below(2),
      stableMs: pick(dice, [0, 0, 3_000]),
      drainTimeoutMs: pick(dice, [5_000, 60_000]),
      soakMs: pick(dice, [0, 0, 0, 12_000]),
    },
    start: pick(dice, [
      'a release',
      'a release',
      'a release',
      'a release',
      'a release',
      'nothing',
      'something foreign',
    ]),
    dials,
    quietMs: dice.chance(0.3) ? 0 : dice.below(20_000),
    acts: imagineActs(dice, hosts),
  }
}

/** Most of what can go wrong goes wrong between two or three; a large fleet costs as much as a hundred of those. */
function hostCount(dice: Dice): number {
  const size = dice.below(1_000)
  if (size < 60) return 1
  if (size < 440) return 2
  if (size < 790) return 3
  if (size < 930) return 4 + dice.below(2)
  if (size < 990) return 6 + dice.below(3)
  return size < 997 ? 9 + dice.below(6) : 15 + dice.below(36)
}

function imaginePolicy(
  dice: Dice,
  hosts: readonly HostName[],
  hasBalancer: boolean,
): Pick<Story, 'batches' | 'minServing' | 'onFailure'> {
  const onFailure = dice.chance(0.8) ? 'rollback' : 'stop'
  if (!hasBalancer || hosts.length === 1) {
    const batches = hosts.map((host) => ({ hosts: [host], pause: dice.chance(0.05) }))
    return { batches, minServing: hosts.length === 1 ? 0 : 1, onFailure }
  }
  const sizes: readonly BatchSize[] = Array.from({ length: 1 + dice.below(3) }, () => ({
    size: dice.chance(0.5) ? { hosts: 1 + dice.below(3) } : { percent: 1 + dice.below(100) },
    pause: dice.chance(0.15),
  }))
  const isSaid = sizes.length > 1 || dice.chance(0.3)
  const written: Size | null = isSaid ? imagineLeast(dice, hosts.length) : null
  return { onFailure, ...policyOf(hosts, sizes, written) }
}

/** Never all of them, for then nobody could be taken out. */
function imagineLeast(dice: Dice, count: number): Size {
  if (dice.chance(0.5)) return { hosts: 1 + dice.below(count - 1) }
  return { percent: 1 + dice.below(Math.floor((100 * (count - 1)) / count)) }
}

/** As production makes them of what is written; and the simulation sees to it that it makes them right. */
function policyOf(
  hosts: readonly HostName[],
  sizes: readonly BatchSize[],
  written: Size | null,
): Pick<Story, 'batches' | 'minServing'> {
  const said = written === null ? null : minServingOf(hosts.length, written, 1)
  const { batches } = batchesOf(hosts, sizes, said ?? 1)
  const largest = Math.max(...batches.map((batch) => batch.hosts.length))
  const minServing = minServingOf(hosts.length, written, largest)
  judgePolicy({ count: hosts.length, sizes, written }, { batches, minServing })
  return { batches, minServing }
}

/** Swarm: in each run most of what could go wrong does not, so that the rest is met by itself. */
function imagineDials(dice: Dice): Dials {
  if (dice.chance(0.25)) return quiet
  const some = (most: number): number => (dice.chance(0.7) ? 0 : (most * (1 + dice.below(10))) / 10)
  return {
    failsBefore: some(0.06),
    failsAfter: some(0.06),
    failsHalfWay: some(0.04),
    hangs: some(0.02),
    losesConnection: some(0.03),
    slow: some(0.1),
    healthLies: some(0.05),
    longRequest: some(0.6),
    traffic: some(0.6),
    losesPower: some(0.5),
    cutFromDeployer: some(0.5),
    cutFromBalancer: some(0.3),
    balancerCutFromDeployer: some(0.4),
    balancerRestarts: some(0.4),
    balancerForgets: some(0.15),
    takenOutByHand: some(0.4),
    processDies: some(0.5),
    neverComesBack: some(0.8),
  }
}

function imagineActs(dice: Dice, hosts: readonly HostName[]): readonly Act[] {
  const count = pick(dice, [1, 1, 1, 1, 1, 1, 1, 2, 2, 3])
  const migrates = dice.chance(0.3)
  const acts = apart(
    dice,
    hosts,
    Array.from({ length: count }, (_, index) => imagineAct(dice, hosts, { index, migrates })),
  )
  const isCutShort = acts.at(-1)?.dies !== null
  if (!isCutShort || dice.chance(0.5)) return acts
  // Whoever sees it die runs the same again, goes on with it, or takes it back.
  const next = imagineAct(dice, hosts, { index: count, migrates })
  const again = pick(dice, ['the same', 'resume', 'abort'] as const)
  return [...acts, { ...next, kind: 'deploy', again, commit: null, besideAfter: null }]
}

/** Two who deploy side by side may have no host in common: they meet at the balancer. */
function apart(dice: Dice, hosts: readonly HostName[], acts: readonly Act[]): readonly Act[] {
  const second = acts.findIndex(({ besideAfter }) => besideAfter !== null)
  if (second === -1 || hosts.length === 1 || !dice.chance(0.3)) return acts
  const cut = 1 + dice.below(hosts.length - 1)
  const skips = new Map([
    [second - 1, hosts.slice(cut)],
    [second, hosts.slice(0, cut)],
  ])
  return acts.map((act, index) => ({ ...act, skip: skips.get(index) ?? act.skip }))
}

const eventsMax = 60
const answerMsMax = 15_000

interface Scene {
  readonly index: number
  /** The configuration says `migrate`. */
  readonly migrates: boolean
}

function imagineAct(dice: Dice, hosts: readonly HostName[], { index, migrates }: Scene): Act {
  const isBack = index > 0 && dice.chance(0.3)
  return {
    kind: isBack ? 'rollback' : 'deploy',
    again: 'the same',
    commit: isBack || (index > 0 && dice.chance(0.4)) ? null : imagineCommit(dice, hosts, index),
    migrate: !migrates ? 'none' : dice.chance(0.8) ? 'well' : 'failing',
    skip: hosts.length > 1 && dice.chance(0.06) ? [pick(dice, hosts)] : [],
    allowSkipped: dice.chance(0.5),
    answer: {
      what: pick(dice, ['resume', 'resume', 'abort', 'nothing']),
      at: dice.chance(0.5) ? 'the terminal' : 'a host',
      afterMs: dice.below(answerMsMax),
    },
    dies: dice.chance(0.25) ? { after: dice.below(eventsMax * 2), how: dice.chance(0.5) ? 'killed' : 'cut off' } : null,
    interruptedAfter: dice.chance(0.12) ? dice.below(eventsMax) : null,
    besideAfter: index > 0 && dice.chance(0.3) ? dice.below(eventsMax) : null,
  }
}

const behaviours: readonly Behaviour[] = [
  { kind: 'throws at boot' },
  { kind: 'never ready' },
  { kind: 'answers 500' },
  { kind: 'dies', afterMs: 2_000 },
  { kind: 'dies', afterMs: 10_000 },
  { kind: 'ill for a while', forMs: 4_000 },
  { kind: 'turns ill', afterMs: 8_000 },
  { kind: 'turns ill', afterMs: 1_500 },
  { kind: 'flaps', everyMs: 1_500 },
  { kind: 'keeps old code' },
]

function imagineCommit(dice: Dice, hosts: readonly HostName[], index: number): Commit {
  const sha = `${index + 2}`.repeat(40).slice(0, 40)
  const isWell = dice.chance(0.6)
  return {
    sha,
    behaviour: isWell ? { kind: 'well' } : pick(dice, behaviours),
    on: dice.chance(0.5) ? 'every host' : [pick(dice, hosts)],
    failing: dice.chance(0.03) ? ['npm ci'] : [],
  }
}

export function pick<Item>(dice: Dice, items: readonly Item[]): Item {
  const item = items[dice.below(items.length)]
  if (item === undefined) throw new Error('nothing to pick from')
  return item
}
