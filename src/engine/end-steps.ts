/** Work that an interruption ends at once, where it is done as well. */
import { UserError } from '../errors.ts'
import type { Report } from '../rollout/report.ts'
import { everywhere } from './everywhere.ts'
import type { Fleet } from './fleet.ts'
import type { Interruption } from './interruption.ts'
import type { FleetLock } from './lock.ts'

/** A step that is told to end has two seconds for it. */
const endPatienceMs = 10_000
/** One that was on its way may have begun meanwhile. */
const endAgainMs = 50

export interface Ending {
  readonly fleet: Fleet
  readonly lock: FleetLock
  readonly interruption: Interruption
}

/** As `orStop`, and nothing of it goes on unattended. What it reports after that is not told: what we end has not failed. */
export async function orEnded<Value>(ending: Ending, begin: (fleet: Fleet) => Promise<Value>): Promise<Value> {
  const { fleet, interruption } = ending
  let isWanted = true
  const report = (each: Report): void => {
    if (isWanted) fleet.report(each)
  }
  const work = begin({ ...fleet, report })
  try {
    return await interruption.orStop(work)
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'interrupted') throw error
    isWanted = false
    await endSteps(ending, work)
    throw error
  }
}

/** As `orStop`, for work on the deployer's own machine, which ends when it is told to, and is waited for. */
export async function orAborted<Value>(
  interruption: Interruption,
  begin: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const ending = new AbortController()
  const work = begin(ending.signal)
  try {
    return await interruption.orStop(work)
  } catch (error) {
    ending.abort()
    await work.catch(() => undefined)
    throw error
  }
}

/** Until nothing more is begun. A host out of reach is not waited for. */
async function endSteps({ fleet, lock }: Ending, work: Promise<unknown>): Promise<void> {
  const { machines, clock, report } = fleet
  const giveUpMs = clock.now() + endPatienceMs
  let isOver = false
  const end = (): void => {
    isOver = true
  }
  const over = work.then(end, end)
  while (!isOver && clock.now() < giveUpMs) {
    await everywhere(machines, ({ depot }) => depot.endStep(lock.token))
    await clock.within(endAgainMs, over)
  }
  const text = 'what was begun may go on for a while, within its time limit'
  if (!isOver) report({ type: 'note', level: 'warning', text })
}
