import { posix } from 'node:path'
import { UserError } from '../errors.ts'
import type { Activation, Process, Processes } from '../processes/processes.ts'
import type { Fleet, Machine } from './fleet.ts'

/** A host that was not touched is asked for so many intervals before it counts as ill: one lost packet loses no host. */
const untouchedAsks = 3

export interface Verification {
  readonly machine: Machine
  readonly activation: Activation
  readonly processes: Processes
  /** The pids before the reload: none of them may be left. null: nothing was reloaded, so nothing has to be new or to prove its stability. */
  readonly before: ReadonlySet<number> | null
  readonly onWaiting: (text: string) => void
}

/**
 * Proves that the new processes run this release and answer healthily: they are new, stand on it, answer `passes`
 * times in a row, and are still the same and well after `stableMs`. Rejects with UserError `verify`, saying what
 * was seen. Resolves with those processes. Changes nothing; may be repeated.
 */
export async function verify(fleet: Fleet, verification: Verification): Promise<readonly Process[]> {
  const standing = await untilStanding(fleet, verification)
  const healthySinceMs = await untilHealthy(fleet, verification)
  if (verification.before !== null && fleet.times.stableMs > 0)
    await staysUp(fleet, verification, { standing, untilMs: healthySinceMs + fleet.times.stableMs })
  return standing
}

/** Right after a reload the manager may still be at it, so it is asked again until everything is online; what has ended badly fails at once. */
async function untilStanding(fleet: Fleet, verification: Verification): Promise<readonly Process[]> {
  const giveUpAt = fleet.clock.now() + fleet.times.startMs
  for (;;) {
    const processes = await runningOn(verification)
    const fault = standingFault(processes, verification)
    if (fault === null) return processes
    if (fault.isFinal || fleet.clock.now() >= giveUpAt) throw new UserError('verify', fault.text)
    verification.onWaiting(fault.text)
    await fleet.clock.sleep(fleet.times.intervalMs)
  }
}

function runningOn({ processes, machine, activation }: Verification): Promise<readonly Process[]> {
  return processes.running(machine.host, activation)
}

interface Fault {
  readonly text: string
  /** Waiting will not mend it. */
  readonly isFinal: boolean
}

function standingFault(running: readonly Process[], { activation, before }: Verification): Fault | null {
  if (running.length === 0) return { text: 'no process of the app runs', isFinal: false }
  for (const process of running) {
    const fault = processFault(process, activation, before)
    if (fault !== null) return fault
  }
  return null
}

function processFault(process: Process, activation: Activation, before: Verification['before']): Fault | null {
  const { name, pid, status, restarts } = process
  const who = `${name} (pid ${pid})`
  if (status === 'errored') return { text: `${name} failed to start: its process manager gave it up`, isFinal: true }
  if (before !== null && restarts > 0)
    return { text: `${name} crashed after its start: it had to be restarted ${restarts} times`, isFinal: true }
  if (status !== 'online') return { text: `${name} is ${status}`, isFinal: false }
  if (before?.has(pid) === true) return { text: `${who} is still the old process: it was not reloaded`, isFinal: false }
  if (!standsOn(process, activation.directory))
    return {
      text: `${who} runs from ${process.cwd ?? process.script ?? 'an unknown folder'}, not from ${activation.directory}`,
      isFinal: false,
    }
  return null
}

/**
 * Only the folder of the running process tells: a manager resolves its script's path through `current` anew each time
 * it is asked. A process whose folder is outside of all releases (`cwd: '/'`) is judged by its script.
 */
export function standsOn({ cwd, script }: Process, directory: string): boolean {
  if (cwd !== null && isInside(cwd, directory)) return true
  const releases = posix.dirname(directory)
  if (cwd !== null && [releases, posix.join(releases, '../source')].some((other) => isInside(cwd, other))) return false
  return script !== null && isInside(script, directory)
}

function isInside(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`)
}

/** Resolves with the moment of the first answer of those that count. */
async function untilHealthy(fleet: Fleet, verification: Verification): Promise<number> {
  if (fleet.health === null) return fleet.clock.now()
  const isFresh = verification.before !== null
  const giveUpAt = fleet.clock.now() + (isFresh ? fleet.times.startMs : untouchedAsks * fleet.times.intervalMs)
  let sinceMs = fleet.clock.now()
  for (let passes = 0; ; ) {
    const { healthy, detail } = await fleet.health.check(verification.machine.host)
    passes = healthy ? passes + 1 : 0
    if (passes <= 1) sinceMs = fleet.clock.now()
    if (passes >= (isFresh ? fleet.times.passes : 1)) return sinceMs
    if (!healthy && fleet.clock.now() >= giveUpAt) throw new UserError('verify', `the health check failed: ${detail}`)
    if (!healthy) await failWhereEnded(verification)
    verification.onWaiting(healthy ? `healthy ${passes} of ${fleet.times.passes} times` : detail)
    await fleet.clock.sleep(fleet.times.intervalMs)
  }
}

/** A process that has crashed meanwhile will not become healthy: no need to wait until the time is over. */
async function failWhereEnded(verification: Verification): Promise<void> {
  const fault = standingFault(await runningOn(verification), verification)
  if (fault?.isFinal === true) throw new UserError('verify', fault.text)
}

interface Watched {
  readonly standing: readonly Process[]
  readonly untilMs: number
}

/** The same processes, still well, when the time is over. */
async function staysUp(fleet: Fleet, verification: Verification, { standing, untilMs }: Watched): Promise<void> {
  const how = `${fleet.times.stableMs / 1000} s`
  verification.onWaiting(`healthy, watched for ${how}`)
  await fleet.clock.sleep(Math.max(0, untilMs - fleet.clock.now()))
  const later = await runningOn(verification)
  const fault = standingFault(later, verification)
  if (fault !== null) throw new UserError('verify', `was healthy, and ${how} later: ${fault.text}`)
  const pids = new Set(later.map(({ pid }) => pid))
  const gone = standing.find(({ pid }) => !pids.has(pid))
  if (gone !== undefined)
    throw new UserError('verify', `${gone.name} (pid ${gone.pid}) was healthy, and did not stay up for ${how}`)
  const answer = await fleet.health?.check(verification.machine.host)
  if (answer?.healthy === false) throw new UserError('verify', `was healthy, and ${how} later is not: ${answer.detail}`)
}
