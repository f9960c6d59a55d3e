/** The only source of time and timers. Tests pass one of their own. */
export interface Clock {
  /** Milliseconds since 1970, for showing and for ids. */
  now(): number
  sleep(ms: number): Promise<void>
  /** Calls back again and again until the returned function is called. */
  every(ms: number, callback: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  every: (ms, callback) => {
    const timer = setInterval(callback, ms)
    return () => clearInterval(timer)
  },
}
