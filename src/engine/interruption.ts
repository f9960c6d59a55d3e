/** What Ctrl-C means while a deploy goes on: before the rollout it ends it, in the rollout it begins no new batch. */
import { UserError } from '../errors.ts'

export interface Interruption {
  /** Before anything a user could feel: an interruption rejects at once. The work goes on until its connections are closed. */
  orStop<Value>(work: Promise<Value>): Promise<Value>
  /** Work that must not be left half-way: an interruption is told at once, and rejects after its end. */
  orAfter(work: Promise<void>, told: () => void): Promise<void>
  /** From now on the rollout hears of it, and decides. */
  onInterrupt(interrupt: (reason: string) => void): void
  /** The second one leaves at once: what is left has to be told before this returns. */
  onLeaving(tell: () => void): void
}

const reason = 'interrupted'

/** `listen` says who hears of interruptions, with 1 for the first and 2 for the second, after which the process leaves. */
export function interruptible(listen: (handler: (count: number) => void) => void): Interruption {
  let stop: (error: UserError) => void = () => undefined
  let hear: ((reason: string) => void) | null = null
  let tell = (): void => undefined
  let isStopped = false
  const stopped = new Promise<never>((_, reject) => {
    stop = reject
  })
  stopped.catch(() => undefined)
  listen((count) => {
    if (count > 1) return tell()
    if (hear !== null) return hear(reason)
    isStopped = true
    stop(new UserError('interrupted', 'Interrupted before anything was changed that a user could feel.'))
  })
  return {
    orStop: (work) => Promise.race([work, stopped]),
    orAfter: async (work, told) => {
      let isHeard = false
      hear = () => {
        if (!isHeard) told()
        isHeard = true
      }
      try {
        await work
      } finally {
        hear = null
      }
      if (isHeard) throw new UserError('interrupted', 'Interrupted before any host was taken out.')
    },
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
