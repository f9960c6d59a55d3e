/** What was seen of one case. */
import type { Allowed } from './case.ts'

export interface Row {
  readonly fault: string
  readonly step: string
  readonly requests: number
  readonly failed: number
  readonly allowed: Allowed
  /** `0`, or `killed`. */
  readonly exit: string
  /** What ran at the end, host by host; once, where all of them ran the same. */
  readonly ran: string
  /** `yes`, or how the next run ended. */
  readonly again: string
  /** Everything that is not as promised, one sentence each. */
  readonly short: readonly string[]
}

const UNPLAYED = { requests: 0, failed: 0, allowed: { requests: 0, why: '' }, exit: '', ran: '', again: '' }

/** It ended in a way that none of its promises speaks of: the fault could not be made, or what it needs was not there. */
export function broken({ fault, step }: Pick<Row, 'fault' | 'step'>, why: string): Row {
  return { ...UNPLAYED, fault, step, short: [`could not be played to its end: ${why}`] }
}
