import {
  type BatchSize,
  batchesOf,
  hostsIn,
  minServingOf,
  oneByOne,
  type Size,
  writtenMinServing,
} from '../rollout/policy.ts'
import type { BatchPattern } from './batch.ts'
import type { KeyPath, Problem } from './problem.ts'
import type { rolloutShape } from './schema.ts'
import type { Section } from './section.ts'
import type { RolloutConfig } from './types.ts'

const defaultDrainTimeoutMs = 60_000
const defaultPauseTimeoutMs = 3_600_000

export interface RolloutOptions {
  /** Names, in the configuration's order. */
  readonly hosts: readonly string[]
  readonly hasBalancer: boolean
  readonly path: KeyPath
  readonly problems: Problem[]
}

/** Fixed batches, and how many hosts must go on serving. Refuses what cannot be kept together. */
export function rolloutConfig(section: Section<typeof rolloutShape>, options: RolloutOptions): RolloutConfig {
  const { hosts, hasBalancer, path, problems } = options
  const written = section['min-serving'] ?? null
  const pattern = section.batch ?? { kind: 'one', sizes: [oneByOne] }
  const minServing = written === null ? null : writtenMinServing(hosts.length, written)
  // What can never be kept is refused below, and would leave no batch here.
  const limit = pattern.kind === 'list' && minServing !== null && minServing < hosts.length ? minServing : null
  const sizes = hasBalancer ? pattern.sizes : pattern.sizes.map(({ pause }) => ({ size: { hosts: 1 }, pause }))
  const { batches, cuts } = batchesOf(hosts, sizes, limit)
  const largest = Math.max(0, ...batches.map((batch) => batch.hosts.length))
  const asked: Asked = { pattern, minServing, written, isLimited: 'min-serving' in section, batches, ...options }
  for (const problem of hosts.length === 0 ? [] : [batchProblem(asked), minServingProblem(asked)]) {
    if (problem !== null) problems.push({ path: [...path, ...problem.path], text: problem.text })
  }
  return {
    batches,
    cuts,
    minServing: minServingOf(hosts.length, written, largest),
    minServingIsDefault: written === null,
    onFailure: section['on-failure'] ?? 'rollback',
    drainTimeoutMs: section['drain-timeout'] ?? defaultDrainTimeoutMs,
    onDrainTimeout: section['on-drain-timeout'] ?? 'fail',
    soakMs: section.soak ?? 0,
    pauseTimeoutMs: section['pause-timeout'] ?? defaultPauseTimeoutMs,
  }
}

interface Asked extends RolloutOptions {
  readonly pattern: BatchPattern
  readonly batches: RolloutConfig['batches']
  readonly written: Size | null
  readonly minServing: number | null
  /** `min-serving` stands there, be it right or wrong. */
  readonly isLimited: boolean
}

/** The first thing that is wrong with `batch`: what would follow from it is not worth a line of its own. */
function batchProblem(asked: Asked): Problem | null {
  const { pattern, hosts, hasBalancer } = asked
  if (!hasBalancer) return togetherProblem(asked) ?? pauseProblem(asked)
  const [first] = pattern.sizes
  if (pattern.kind === 'one' && first !== undefined) return nobodyProblem(asked, first) ?? pauseProblem(asked)
  if (!asked.isLimited && hosts.length > 1) {
    const text = 'is a list, which needs `min-serving`: a batch that would leave fewer than that is made smaller'
    return { path: ['batch'], text }
  }
  return wholeFleetProblem(asked) ?? pauseProblem(asked)
}

/** Without a balancer nothing can be taken out, and nothing stands in for two that reload at once. */
function togetherProblem({ pattern, hosts }: Asked): Problem | null {
  const index = pattern.sizes.findIndex(({ size }) => hostsIn(size, hosts.length) > 1)
  const batch = pattern.sizes[index]
  if (batch === undefined) return null
  const text = `is ${amount(batch.size, hosts)}, which needs a \`balancer\`: without one the hosts are done one at a time`
  return { path: itemPath(pattern, index), text }
}

function nobodyProblem({ pattern, hosts }: Asked, { size }: BatchSize): Problem | null {
  const count = hosts.length
  const together = hostsIn(size, hosts.length)
  if (together < 2 || together < count) return null
  const most = Math.max(1, count - 1)
  const text = `is ${amount(size, hosts)}, but the fleet has ${hostsText(count)}: nobody would serve. Write at most ${most}`
  return { path: itemPath(pattern, 0), text }
}

/** A list's batches are cut to `min-serving`, and `min-serving: 0` cuts nothing. */
function wholeFleetProblem({ pattern, batches, hosts }: Asked): Problem | null {
  const isWhole = hosts.length > 1 && batches.length === 1
  const text = `would take out all ${hostsText(hosts.length)} at once: make it smaller, or \`min-serving\` at least 1`
  return isWhole ? { path: itemPath(pattern, 0), text } : null
}

/** Whoever writes `pause` counts on being asked: where nobody ever would be, that has to be said. */
function pauseProblem({ pattern, batches }: Asked): Problem | null {
  const index = pattern.sizes.findIndex(({ pause }, position) => pause && position >= batches.length - 1)
  const done = batches.length === 1 ? 'in one batch' : `in ${batches.length} batches`
  const text = `has a \`pause\` that nobody would be asked at: the fleet is done ${done}, and nothing comes after the last. Take it out`
  return index < 0 ? null : { path: itemPath(pattern, index), text }
}

function minServingProblem({ pattern, hosts, minServing, written }: Asked): Problem | null {
  if (minServing === null || written === null) return null
  const count = hosts.length
  const path = ['min-serving']
  const least = amount(written, hosts, minServing)
  if (minServing >= count) {
    const text = `is ${least}, but the fleet has ${hostsText(count)}: none could ever be taken out. Write at most ${count - 1}`
    return { path, text }
  }
  const [first] = pattern.sizes
  const together = pattern.kind === 'list' || first === undefined ? 0 : hostsIn(first.size, hosts.length)
  if (together >= count || minServing <= count - together) return null
  const left = `a batch of ${together} leaves ${count - together} of ${hostsText(count)}`
  return { path, text: `is ${least}, but ${left}: make one of them smaller` }
}

/** `2`, `50% (2 hosts)` */
function amount(size: Size, hosts: readonly string[], count = hostsIn(size, hosts.length)): string {
  return 'hosts' in size ? String(size.hosts) : `${size.percent}% (${hostsText(count)})`
}

function itemPath({ kind }: BatchPattern, index: number): KeyPath {
  return kind === 'list' ? ['batch', index] : ['batch']
}

function hostsText(count: number): string {
  return count === 1 ? 'one host' : `${count} hosts`
}
