/** Waiting for a lock that another deploy has. */
import { UserError } from '../errors.ts'
import { lapseMs, parseLockOwner } from '../hosts/lock.ts'
import type { LockHolder } from '../hosts/lockable.ts'
import type { Fleet } from './fleet.ts'

/** Asked again after so long; each time it is waited for on the machine as well, for some seconds. */
const askAgainMs = 500

export interface Waiting {
  readonly waitMs: number
  /** false: whoever wanted it does not any more. */
  readonly isWanted?: () => boolean
}

/** For its holder to end, once its time is over. */
const lapseMarginMs = 3_000

/**
 * Tries it again for as long as that may take, while another deploy has the lock. One that has fallen silent was cut
 * off, as a rule, and is about to lose it: that is waited for, whoever waits or not. Says once for whom it waits.
 */
export async function whileLocked<Value>(
  { clock, report }: Pick<Fleet, 'clock' | 'report'>,
  { waitMs, isWanted = () => true }: Waiting,
  attempt: () => Promise<Value>,
): Promise<Value> {
  let giveUpMs = clock.now() + waitMs
  const waitedFor = new Set<string>()
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      giveUpMs = Math.max(giveUpMs, clock.now() + lapsesInMs(error))
      if (!isPassing(error) || !isWanted() || clock.now() >= giveUpMs) throw error
      const text = `waits for the lock until ${new Date(giveUpMs).toISOString()}: ${error.message}`
      const whom = tokenOf(error) || error.code
      if (!waitedFor.has(whom)) report({ type: 'note', level: 'info', text })
      waitedFor.add(whom)
      await clock.sleep(Math.min(askAgainMs, giveUpMs - clock.now()))
    }
  }
}

/** 0: its holder lives, or should have lost it by now. */
function lapsesInMs(error: unknown): number {
  const { silentMs } = isLocked(error) ? ((error.cause ?? {}) as Partial<LockHolder>) : {}
  return silentMs === undefined ? 0 : Math.max(0, lapseMs + lapseMarginMs - silentMs)
}

/** A connection that drops while it is waited for is had again. */
function isPassing(error: unknown): error is UserError {
  return isLocked(error) || (error instanceof UserError && error.code === 'host-unreachable')
}

export function isLocked(error: unknown): error is UserError {
  return error instanceof UserError && error.code === 'locked'
}

/** Of the deploy that has the lock; '' where it did not say. */
export function tokenOf({ cause }: UserError): string {
  return parseLockOwner(JSON.stringify(cause ?? null))?.token ?? ''
}
