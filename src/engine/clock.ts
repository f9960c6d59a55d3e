/** The only source of time and timers. Tests pass one of their own. */
export interface Clock {
  /** Milliseconds since 1970, for showing and for ids. */
  now(): number
  sleep(ms: number): Promise<void>
  /** Resolves with null where the work is not done in time; it then goes on unheard. Rejects as the work does. */
  within<Value>(ms: number, work: Promise<Value>): Promise<Value | null>
  /** Calls back again and again until the returned function is called. */
  every(ms: number, callback: () => void): () => void
}

/** The present moment as it is written down: ISO 8601, UTC. */
export function isoNow(clock: Pick<Clock, 'now'>): string {
  return new Date(clock.now()).toISOString()
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  within: (ms, work) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => resolve(null), ms)
      work.then(resolve, reject).finally(() => clearTimeout(timer))
    }),
  every: (ms, callback) => {
    const timer = setInterval(callback, ms)
    return () => clearInterval(timer)
  },
}
