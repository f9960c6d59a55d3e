import { untilReached, type Waiting } from '../hosts/reconnect.ts'

/**
 * Asks again and again while it is the line to the machine that fails, until it was down for `downMsMax`: for what may be
 * repeated. `spentMs`: since the first one.
 */
export function overDrops<Value>(
  waiting: Waiting,
  downMsMax: number,
  ask: (spentMs: number) => Promise<Value>,
): Promise<Value> {
  return untilReached(waiting, { ask, wasHeard: () => false, patienceMs: () => downMsMax })
}
