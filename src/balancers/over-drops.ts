import { UserError } from '../errors.ts'

export interface Waiting {
  readonly now: () => number
  readonly sleep: (milliseconds: number) => Promise<void>
}

const retryMs = 500

/**
 * Asks again and again while it is the line to the machine that fails, until it was down for `downMsMax`: for what may be
 * repeated. A lost connection is made anew by the next question. `spentMs`: since the first one.
 */
export async function overDrops<Value>(
  { now, sleep }: Waiting,
  downMsMax: number,
  ask: (spentMs: number) => Promise<Value>,
): Promise<Value> {
  const beganMs = now()
  let downSinceMs: number | null = null
  for (;;) {
    try {
      return await ask(now() - beganMs)
    } catch (error) {
      downSinceMs ??= now()
      const isDrop = error instanceof UserError && error.code === 'host-unreachable'
      if (!isDrop || now() + retryMs - downSinceMs >= downMsMax) throw error
      await sleep(retryMs)
    }
  }
}
