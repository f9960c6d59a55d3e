import type { KeyPath, Problem } from './problem.ts'
import type { rolloutShape } from './schema.ts'
import type { Section } from './section.ts'
import type { RolloutConfig } from './types.ts'

const defaultDrainTimeoutMs = 60_000

export interface RolloutOptions {
  /** Names, in the configuration's order. */
  readonly hosts: readonly string[]
  readonly hasBalancer: boolean
  readonly path: KeyPath
  readonly problems: Problem[]
}

/** Fixed batches, and how many hosts must go on serving. Refuses numbers that cannot be kept together. */
export function rolloutConfig(section: Section<typeof rolloutShape>, options: RolloutOptions): RolloutConfig {
  const { hosts, hasBalancer, path, problems } = options
  const size = hosts.length
  const batch = section.batch ?? 1
  const refuse = (key: string, text: string) => problems.push({ path: [...path, key], text })

  if (batch > 1 && !hasBalancer) {
    refuse('batch', `is ${batch}, which needs a \`balancer\`: without one the hosts are done one at a time`)
  } else if (batch > 1 && batch >= size) {
    refuse(
      'batch',
      `is ${batch}, but the fleet has ${hostsText(size)}: nobody would serve. Write at most ${Math.max(1, size - 1)}`,
    )
  }
  const minServing = section['min-serving']
  if (minServing !== undefined && minServing >= size && size > 0) {
    refuse(
      'min-serving',
      `is ${minServing}, but the fleet has ${hostsText(size)}: none could ever be taken out. Write at most ${size - 1}`,
    )
  } else if (minServing !== undefined && minServing > size - batch && batch < size) {
    refuse(
      'min-serving',
      `is ${minServing}, but a batch of ${batch} leaves ${size - batch} of ${hostsText(size)}: make one of them smaller`,
    )
  }
  return {
    batches: chunks(hosts, batch),
    minServing: minServing ?? (size >= 2 ? Math.max(1, size - batch) : 0),
    onFailure: section['on-failure'] ?? 'rollback',
    drainTimeoutMs: section['drain-timeout'] ?? defaultDrainTimeoutMs,
    onDrainTimeout: section['on-drain-timeout'] ?? 'fail',
  }
}

function chunks(names: readonly string[], size: number): readonly (readonly string[])[] {
  return Array.from({ length: Math.ceil(names.length / size) }, (_, index) =>
    names.slice(index * size, (index + 1) * size),
  )
}

function hostsText(count: number): string {
  return count === 1 ? 'one host' : `${count} hosts`
}
