import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { HammerCounts, HammerOrder, HammerSettings } from './hammer-counts.ts'

/** A process that makes requests for as long as it runs, and counts those that failed. */
export interface Hammer {
  /** Resolves with the counts when that many requests have ended. Rejects when it takes longer. One caller at a time. */
  reached(total: number, timeoutMs: number): Promise<HammerCounts>
  /** Makes no more requests, waits for those in flight, and ends the process. */
  stop(): Promise<HammerCounts>
}

/** About 380 requests a second: 34,000 in 90 seconds, at a third of one core. */
export const DEFAULT_RATES = {
  'keep-alive-get': 290,
  'fresh-post': 75,
  'slow-post': 8,
  'slow-body': 4,
  'late-ask': 4,
} as const satisfies HammerSettings['rates']

export const REQUEST_TIMEOUT_MS = 30_000
export const HAMMER_DURATION_MS = 600_000

const CLIENT = fileURLToPath(new URL('hammer-client.ts', import.meta.url))
const RUNNER = fileURLToPath(new URL('../../node_modules/jiti/lib/jiti-cli.mjs', import.meta.url))
const REPORT_MARGIN_MS = 5_000

type Words = readonly [string, ...string[]]

/**
 * Starts the hammer in the lab's network. Resolves when the first requests have ended.
 * @param inNetwork the words that put a program there.
 */
export async function startHammer(inNetwork: Words, settings: HammerSettings): Promise<Hammer> {
  const [file, ...words] = inNetwork
  const child = spawn(file, [...words, process.execPath, RUNNER, CLIENT, JSON.stringify(settings)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit')
  const ask = async (order: HammerOrder, timeoutMs: number): Promise<HammerCounts> => {
    const answer = once(child, 'message', { signal: AbortSignal.timeout(timeoutMs) })
    child.send(order)
    const [counts] = await Promise.race([answer, ended.then(endedEarly)])
    return counts as HammerCounts
  }
  const hammer: Hammer = {
    reached: (total, timeoutMs) => ask({ order: 'reach', total }, timeoutMs),
    async stop() {
      const counts = await ask({ order: 'stop' }, settings.requestTimeoutMs + REPORT_MARGIN_MS)
      await ended
      return counts
    },
  }
  await hammer.reached(1, settings.requestTimeoutMs + REPORT_MARGIN_MS)
  return hammer
}

function endedEarly(): never {
  throw new Error('the hammer ended before it was asked to')
}
