import type { Outcome } from './model.ts'
import type { ExitCode } from './report.ts'

export interface Judging {
  /** A user might have felt something. */
  readonly changed: boolean
  /** A host that was skipped by name does not count. */
  readonly allowSkipped: boolean
}

/** 0 only where every host was verified on the release asked for (promise 8). */
export function exitCodeOf({ kind, hosts }: Outcome, { changed, allowSkipped }: Judging): ExitCode {
  const isShort = !allowSkipped && hosts.some(({ state }) => state === 'skipped')
  switch (kind) {
    case 'deployed':
    case 'unchanged':
      return isShort ? 4 : 0
    case 'rolled back':
      if (isShort) return 4
      return changed ? 3 : 1
    case 'incomplete':
      return 4
    case 'interrupted':
      return 130
  }
}
