/** What goes on over a connection that is lost and had again. The host makes it anew by itself, with each call. */
import { UserError } from '../errors.ts'
import type { Host } from './host.ts'

const pauseMs = 500
/** What only looks is not worth a longer wait, however long it may take: whoever asks can ask again. */
const lookPatienceMs = 30_000

export interface Waiting {
  readonly now: () => number
  readonly sleep: (milliseconds: number) => Promise<void>
}

export const realTime: Waiting = {
  now: () => performance.now(),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
}

export interface Asking<Value> {
  /** Asked again where it rejects with `host-unreachable`. `sinceMs`: so long ago it was asked first. */
  readonly ask: (sinceMs: number) => Promise<Value>
  /** True where the host was heard since the last call of `ask`. */
  readonly wasHeard: () => boolean
  /** So long it may be silent; asked at each loss. */
  readonly patienceMs: () => number
}

/** Rejects as `ask` does: with `host-unreachable` only where the host could not be had again in time. */
export async function untilReached<Value>(
  { now, sleep }: Waiting,
  { ask, wasHeard, patienceMs }: Asking<Value>,
): Promise<Value> {
  const startMs = now()
  let silentSinceMs: number | null = null
  for (;;) {
    try {
      return await ask(now() - startMs)
    } catch (error) {
      if (!(error instanceof UserError) || error.code !== 'host-unreachable') throw error
      const nowMs = now()
      if (silentSinceMs === null || wasHeard()) silentSinceMs = nowMs
      if (nowMs + pauseMs - silentSinceMs >= patienceMs()) throw error
    }
    await sleep(pauseMs)
  }
}

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

/**
 * The same machine, for what only looks: where the connection is lost meanwhile, it is looked again. What is held is not.
 */
export function reconnecting(host: Host): Host {
  return {
    ...host,
    run: (script, options) =>
      overDrops(realTime, Math.min(options.timeoutMs, lookPatienceMs), () => host.run(script, options)),
  }
}
