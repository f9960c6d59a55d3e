/** Judges what is made of the sizes that an operator writes, by the words of the manual and nobody's code. */
import type { Batch } from '../../../src/rollout/model.ts'
import type { BatchSize, Size } from '../../../src/rollout/policy.ts'

interface Written {
  readonly count: number
  readonly sizes: readonly BatchSize[]
  readonly written: Size | null
}

interface Made {
  readonly batches: readonly Batch[]
  readonly minServing: number
}

export function judgePolicy({ count, sizes, written }: Written, { batches, minServing }: Made): void {
  const wrong = (text: string): Error => new Error(`policy: ${text}`)
  const least = written === null ? 1 : leastOf(written, count)
  const largest = Math.max(...batches.map(({ hosts }) => hosts.length))
  const due = written === null ? Math.max(1, count - largest) : least
  if (minServing !== due) throw wrong(`min-serving is ${minServing}, and ${due} is written`)
  let left = count
  for (const [index, { hosts, pause }] of batches.entries()) {
    const size = sizes[Math.min(index, sizes.length - 1)]
    if (size === undefined) throw wrong('there are no sizes')
    const most = Math.min(left, mostOf(size.size, count), count - least)
    if (hosts.length !== most) throw wrong(`batch ${index + 1} has ${hosts.length} hosts, and ${most} are written`)
    if (pause !== size.pause) throw wrong(`batch ${index + 1} is followed by a pause where none is written, or by none`)
    left -= hosts.length
  }
  if (left !== 0) throw wrong(`${left} hosts are in no batch`)
}

/** At least so many: what is broken off counts. */
function leastOf(size: Size, count: number): number {
  if ('hosts' in size) return size.hosts
  const whole = Math.trunc((count * size.percent) / 100)
  return whole * 100 === count * size.percent ? whole : whole + 1
}

/** At most so many, and never nobody. */
function mostOf(size: Size, count: number): number {
  if ('hosts' in size) return size.hosts
  let hosts = 1
  while ((hosts + 1) * 100 <= count * size.percent) hosts++
  return hosts
}
