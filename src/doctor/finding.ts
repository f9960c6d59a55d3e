/** What the doctor says of one matter. */
import type { Place } from '../config/place.ts'

/** Error: it stands in the way of a deploy, or fails requests with each. Warning: it will, one day. Note: worth knowing. */
export type Weight = 'error' | 'warning' | 'note'

export interface Diagnosis {
  readonly weight: Weight
  /** The machines that it was seen on; empty where it is about the configuration. */
  readonly hosts: readonly string[]
  /** What is. */
  readonly text: string
  /** What follows from it, in a line. */
  readonly why?: string
  /** Where the line is to be written. */
  readonly place?: Place
  readonly key?: string
  /** The line to write, or the command to run. */
  readonly hint?: string
}

const weights: readonly Weight[] = ['error', 'warning', 'note']

/** By weight; what was seen on several machines is said once. */
export function ordered(diagnoses: readonly Diagnosis[]): readonly Diagnosis[] {
  const merged = new Map<string, Diagnosis>()
  for (const one of diagnoses) {
    const { hosts, ...rest } = one
    const same = JSON.stringify(rest)
    const before = merged.get(same)
    merged.set(same, { ...one, hosts: [...new Set([...(before?.hosts ?? []), ...hosts])] })
  }
  return [...merged.values()].toSorted((one, other) => weights.indexOf(one.weight) - weights.indexOf(other.weight))
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? ''
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`
}
