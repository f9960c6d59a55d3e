/** What Ctrl-C means while a deploy goes on: before the rollout it ends it, in the rollout it begins no new batch. */
import { UserError } from '../errors.ts'
import type { CommandContext } from './context.ts'

export interface Interruption {
  /** Before anything a user could feel: an interruption rejects at once. The work goes on until its connections are closed. */
  orStop<Value>(work: Promise<Value>): Promise<Value>
  /** From now on the rollout hears of it, and decides. */
  onInterrupt(interrupt: (reason: string) => void): void
  /** The second one leaves at once: what is left has to be told before this returns. */
  onLeaving(tell: () => void): void
}

const reason = 'interrupted'

export function interruptible({ onInterrupt }: CommandContext): Interruption {
  let stop: (error: UserError) => void = () => undefined
  let hear: ((reason: string) => void) | null = null
  let tell = (): void => undefined
  let isStopped = false
  const stopped = new Promise<never>((_, reject) => {
    stop = reject
  })
  stopped.catch(() => undefined)
  onInterrupt((count) => {
    if (count > 1) return tell()
    if (hear !== null) return hear(reason)
    isStopped = true
    stop(new UserError('interrupted', 'Interrupted before anything was changed that a user could feel.'))
  })
  return {
    orStop: (work) => Promise.race([work, stopped]),
    onInterrupt: (interrupt) => {
      hear = interrupt
      // It came after the last work that it could have ended.
      if (isStopped) interrupt(reason)
    },
    onLeaving: (next) => {
      tell = next
    },
  }
}
