/** Ctrl-C and its relatives: the first asks to end, the second leaves at once. */

/** Of each: a person, a service manager or a CI job, and a terminal that went away. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Under `npm run` or `npx`, one Ctrl-C arrives twice: from the terminal, and passed on by npm. What comes so soon
 * after the first is the same keypress.
 */
const sameKeypressMs = 300

export interface Interrupts {
  /** The handler given last hears of it. */
  readonly listen: (handler: (count: number) => void) => void
}

interface Surroundings {
  /** `process`, of which only this is needed. */
  readonly source: { on(signal: string, listener: () => void): unknown }
  readonly nowMs: () => number
  /** Leaves the process with 130. */
  readonly leave: () => void
}

/** Listens with `on`, not `once`: Node's own handling would come back after the first signal, and end us in the middle. */
export function watchInterrupts({ source, nowMs, leave }: Surroundings): Interrupts {
  let handler: ((count: number) => void) | null = null
  let count = 0
  let lastMs = Number.NEGATIVE_INFINITY
  const onSignal = () => {
    const now = nowMs()
    if (now - lastMs < sameKeypressMs) return
    lastMs = now
    count += 1
    handler?.(count)
    if (handler === null || count > 1) leave()
  }
  for (const signal of signals) source.on(signal, onSignal)
  return {
    listen: (next) => {
      handler = next
    },
  }
}
