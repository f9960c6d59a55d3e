import type { Outcome } from '../rollout/model.ts'
import type { ExitCode } from '../rollout/report.ts'

/** 0 only where every host was verified on the release asked for (promise 8). `changed`: a user might have felt something. */
export function exitCodeOf({ kind }: Outcome, { changed }: { readonly changed: boolean }): ExitCode {
  switch (kind) {
    case 'deployed':
    case 'unchanged':
      return 0
    case 'rolled back':
      return changed ? 3 : 1
    case 'incomplete':
      return 4
    case 'interrupted':
      return 130
  }
}
