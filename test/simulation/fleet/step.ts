/** One guarded step at a time on a host, as with `flock` on a file. */
import type { Timeline } from '../clock/timeline.ts'

export interface Step {
  isBusy: boolean
  /** null: none that has begun. */
  running: Running | null
  readonly waiting: (() => void)[]
}

export interface Running {
  readonly token: string
  readonly isLasting: boolean
  isEnded: boolean
}

const stepWaitMs = 25_000

export function freeStep(): Step {
  return { isBusy: false, running: null, waiting: [] }
}

/** What lets the next one in, at once or after a while; null where an earlier step did not end in time. */
export function enterStep(step: Step, time: Timeline): (() => void) | Promise<(() => void) | null> {
  const leave = (): void => letNextIn(step)
  if (!step.isBusy) {
    step.isBusy = true
    return leave
  }
  return new Promise((resolve) => {
    const enter = (): void => {
      callOff()
      resolve(leave)
    }
    const callOff = time.after(stepWaitMs, () => {
      step.waiting.splice(step.waiting.indexOf(enter), 1)
      resolve(null)
    })
    step.waiting.push(enter)
  })
}

/** True where it goes on all the same. */
export function endStep(running: Running): boolean {
  running.isEnded ||= !running.isLasting
  return running.isLasting
}

/** Whoever waited longest finds it busy still. */
function letNextIn(step: Step): void {
  step.running = null
  const next = step.waiting.shift()
  if (next === undefined) step.isBusy = false
  else next()
}
