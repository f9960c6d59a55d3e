/** Virtual time: it leaps to the next moment that somebody sleeps for, as soon as everything else waits. */
import type { Clock } from '../../src/engine/clock.ts'

export interface FakeClock extends Clock {
  /** Lets time pass by hand, where what is waited for has a time of its own. */
  readonly advance: (ms: number) => void
}

interface Sleeper {
  readonly atMs: number
  readonly wake: () => void
}

interface Repeated {
  readonly ms: number
  readonly callback: () => void
  nextMs: number
}

/** Begins at 2026-11-21T03:15:00Z. What repeats never makes time pass by itself: it fires when a sleep goes beyond it. */
export function fakeClock(startMs = Date.UTC(2026, 10, 21, 3, 15)): FakeClock {
  let nowMs = startMs
  const sleepers: Sleeper[] = []
  const repeated = new Set<Repeated>()
  const advanceTo = (atMs: number): void => {
    for (const each of repeated)
      for (; each.nextMs <= atMs; each.nextMs += each.ms) {
        nowMs = Math.max(nowMs, each.nextMs)
        each.callback()
      }
    nowMs = Math.max(nowMs, atMs)
    for (const due of sleepers.filter((each) => each.atMs <= nowMs)) {
      sleepers.splice(sleepers.indexOf(due), 1)
      due.wake()
    }
  }
  const leap = (): void => {
    const [first] = sleepers.toSorted((one, other) => one.atMs - other.atMs)
    if (first !== undefined) advanceTo(first.atMs)
  }
  return {
    now: () => nowMs,
    sleep: (ms) =>
      new Promise((resolve) => {
        sleepers.push({ atMs: nowMs + ms, wake: resolve })
        setImmediate(leap)
      }),
    within: (ms, work) =>
      new Promise((resolve, reject) => {
        const sleeper = { atMs: nowMs + ms, wake: () => resolve(null) }
        sleepers.push(sleeper)
        setImmediate(leap)
        work.then(resolve, reject).finally(() => {
          const index = sleepers.indexOf(sleeper)
          if (index !== -1) sleepers.splice(index, 1)
        })
      }),
    every: (ms, callback) => {
      const each = { ms, callback, nextMs: nowMs + ms }
      repeated.add(each)
      return () => repeated.delete(each)
    },
    advance: (ms) => advanceTo(nowMs + ms),
  }
}
