/** Time that really passes, so many times as fast: for a test that has a clock of its own. */
import { startMs, type Timeline } from './timeline.ts'

export function realTime(speed: number): Timeline {
  const beganMs = performance.now()
  const now = (): number => startMs + (performance.now() - beganMs) * speed
  const after = (ms: number, happen: () => void): (() => void) => {
    const timer = setTimeout(happen, ms / speed)
    return () => clearTimeout(timer)
  }
  return {
    now,
    after,
    at: (atMs, happen) => void after(Math.max(0, atMs - now()), happen),
    fail: (error) =>
      queueMicrotask(() => {
        throw error
      }),
  }
}
