/** How many hosts go at once, and how many have to serve. Arithmetic only; what is so now is for `decide`. */
import type { Batch, HostName } from './model.ts'

export type Size = { readonly hosts: number } | { readonly percent: number }

export interface BatchSize {
  readonly size: Size
  readonly pause: boolean
}

export interface Batches {
  readonly batches: readonly Batch[]
  /** Each size that was made smaller than it is written, and why: one sentence, for `plan`. */
  readonly cuts: readonly string[]
}

export const oneByOne: BatchSize = { size: { hosts: 1 }, pause: false }

/**
 * Fixed groups, in the order of the hosts. The last size repeats, and with it its pause; a pause after the last batch
 * of all is passed over by `decide`, for a group that goes first may not be the last one any more. A percentage is
 * always one of the whole fleet. `minServing` null: nothing is cut.
 */
export function batchesOf(hosts: readonly HostName[], sizes: readonly BatchSize[], minServing: number | null): Batches {
  const most = minServing === null ? hosts.length : Math.max(1, hosts.length - minServing)
  const batches: Batch[] = []
  const cut = new Set<Size>()
  for (let begin = 0; begin < hosts.length; ) {
    const { size, pause } = sizes[batches.length] ?? sizes.at(-1) ?? oneByOne
    const wanted = Math.min(hostsIn(size, hosts.length), hosts.length - begin)
    if (wanted > most) cut.add(size)
    const end = begin + Math.min(wanted, most)
    batches.push({ hosts: hosts.slice(begin, end), pause })
    begin = end
  }
  return {
    batches,
    cuts: [...new Set([...cut].map((size) => cutSentence(size, { most, minServing, total: hosts.length })))],
  }
}

/** `written` null: the fleet less its largest batch, but at least 1, for a fleet of two or more is there to go on serving. */
export function minServingOf(count: number, written: Size | null, largestBatch: number): number {
  if (written !== null) return writtenMinServing(count, written)
  return count < 2 ? 0 : Math.max(1, count - largestBatch)
}

/** Rounds up: the other way round would be fewer than was asked for. */
export function writtenMinServing(count: number, written: Size): number {
  return 'hosts' in written ? written.hosts : Math.ceil((count * written.percent) / 100)
}

/** Rounds down, for more hosts at once are the greater risk; never to 0. */
export function hostsIn(size: Size, total: number): number {
  return Math.max(1, 'hosts' in size ? size.hosts : Math.floor((total * size.percent) / 100))
}

interface Cut {
  readonly most: number
  readonly minServing: number | null
  readonly total: number
}

function cutSentence(size: Size, { most, minServing, total }: Cut): string {
  const written = 'hosts' in size ? `${size.hosts}` : `${size.percent}% (${hostsIn(size, total)} of ${total} hosts)`
  return `a batch of ${written} is cut to ${most}, so that min-serving ${minServing} of ${total} hosts go on serving`
}
