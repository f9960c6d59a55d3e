import { UserError } from '../errors.ts'

export interface Description {
  readonly reason: string
  /** Lines that explain it. */
  readonly log: string | null
}

/** What went wrong, for the rollout and for people. A mistake of ours ends one step, not the whole rollout: hosts may be out. */
export function describe(error: unknown): Description {
  if (error instanceof UserError) return { reason: error.message, log: error.output ?? null }
  if (error instanceof Error) return { reason: `a mistake in zdr-deploy: ${error.message}`, log: error.stack ?? null }
  return { reason: `a mistake in zdr-deploy: ${String(error)}`, log: null }
}
