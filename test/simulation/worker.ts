/** Plays the seeds that it is given, and says how they ended. */
import { parentPort } from 'node:worker_threads'
import { simulate } from './play/simulate.ts'

/** So many at a time: one that finishes early takes the next from whoever has most to do. */
export interface Portion {
  readonly from: number
  readonly count: number
  /** No further than the first that breaks a promise. */
  readonly untilBroken: boolean
}

export interface Played {
  readonly count: number
  /** How often each exit code was met. */
  readonly exitCodes: Readonly<Record<number, number>>
  /** Of each seed in which a promise was broken, or we made a mistake. */
  readonly broken: readonly { readonly seed: number; readonly text: string }[]
}

// Nobody reads where in our own code a host said no; collecting it costs more than the rest of the answer.
Error.stackTraceLimit = 0

parentPort?.on('message', (portion: Portion) => {
  void play(portion).then((played) => parentPort?.postMessage(played))
})

async function play({ from, count, untilBroken }: Portion): Promise<Played> {
  const exitCodes: Record<number, number> = {}
  const broken: { seed: number; text: string }[] = []
  for (let seed = from; seed < from + count && !(untilBroken && broken.length > 0); seed++) {
    try {
      for (const code of (await simulate(seed, { traced: false })).exitCodes)
        exitCodes[code] = (exitCodes[code] ?? 0) + 1
    } catch (error) {
      broken.push({ seed, text: error instanceof Error ? error.message : String(error) })
    }
  }
  return { count, exitCodes, broken }
}
