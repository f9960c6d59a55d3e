/** One guarded step at a time on a host, as with `flock` on a file. */
import type { Timeline } from '../clock/timeline.ts'

export interface Step {
  isBusy: boolean
  readonly waiting: (() => void)[]
}

const stepWaitMs = 25_000

export function freeStep(): Step {
  return { isBusy: false, waiting: [] }
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

/** Whoever waited longest finds it busy still. */
function letNextIn(step: Step): void {
  const next = step.waiting.shift()
  if (next === undefined) step.isBusy = false
  else next()
}
