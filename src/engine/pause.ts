import { UserError } from '../errors.ts'
import type { Answer, Pause } from '../hosts/depot.ts'
import type { HostName } from '../rollout/model.ts'
import { describe } from './describe.ts'
import { everywhere } from './everywhere.ts'
import type { Fleet, Machine } from './fleet.ts'
import type { FleetLock } from './lock.ts'

const askEveryMs = 1_000
/** A host that has not taken the question by then is not waited for when it is over: what stands there ends with this deploy. */
const silentMs = 10_000

/** Asks whoever sits before the deployer; null: nobody does, or the question was withdrawn. */
export type AskPerson = (withdrawn: Promise<void>) => Promise<Answer['answer'] | null>

export interface Pausing {
  readonly fleet: Fleet
  readonly lock: FleetLock
  readonly after: readonly HostName[]
  readonly askPerson: AskPerson
  readonly isWanted: () => boolean
}

/**
 * Waits for a yes, from the terminal here or from anywhere by way of the hosts. Rejects with UserError `interrupted`
 * for a no, and where nobody answered in time. What it leaves on the hosts it takes away again. No host is waited for:
 * one that is silent keeps no question and no answer waiting.
 */
export async function waitForYes(pausing: Pausing): Promise<void> {
  const { fleet, lock, after } = pausing
  const { clock, machines, report, times } = fleet
  const sinceMs = clock.now()
  const untilMs = sinceMs + times.pauseTimeoutMs
  const until = isoTime(untilMs)
  report({ type: 'paused', after, until })
  const person = ask(pausing)
  const { tell, knows, isHeard } = teller(pausing)
  void tell(machines, { token: lock.token, after, since: isoTime(sinceMs), until })
  try {
    const answer = await firstAnswer(pausing, { said: person.said, knows, untilMs })
    if (answer === null) return
    report({ type: 'answered', answer: answer.answer, by: answer.by })
    if (answer.answer === 'abort') throw new UserError('interrupted', `aborted by ${answer.by}`)
  } finally {
    person.withdraw()
    const isAwaited = ({ name }: Machine): boolean => isHeard(name) || clock.now() - sinceMs < silentMs
    const silent = machines.filter((machine) => !isAwaited(machine))
    void tell(silent, null)
    await tell(machines.filter(isAwaited), null)
  }
}

interface Asked {
  readonly said: () => Answer | null
  readonly withdraw: () => void
}

/** Whoever sits before the deployer. */
function ask({ lock, askPerson }: Pausing): Asked {
  let withdraw = (): void => undefined
  const withdrawn = new Promise<void>((resolve) => {
    withdraw = resolve
  })
  let said: Answer | null = null
  void askPerson(withdrawn).then((answer) => {
    if (answer !== null) said = { token: lock.token, answer, by: 'the terminal' }
  })
  return { said: () => said, withdraw }
}

interface Waiting extends Pick<Asked, 'said'>, Pick<Teller, 'knows'> {
  readonly untilMs: number
}

/** null: nobody waits for it any more. */
async function firstAnswer(
  { fleet, lock, isWanted }: Pausing,
  { said, knows, untilMs }: Waiting,
): Promise<Answer | null> {
  const { clock, machines, times } = fleet
  const asking = new Set<HostName>()
  let left: Answer | null = null
  const look = async ({ name, depot }: Machine): Promise<void> => {
    if (asking.has(name) || !knows(name)) return
    asking.add(name)
    left = (await depot.answered(lock.token).catch(() => null)) ?? left
    asking.delete(name)
  }
  while (isWanted()) {
    for (const machine of machines) void look(machine)
    await clock.sleep(Math.min(askEveryMs, Math.max(0, untilMs - clock.now())))
    const answer = said() ?? left
    if (answer !== null) return answer
    if (clock.now() >= untilMs)
      throw new UserError('interrupted', `nobody said yes within ${spanText(times.pauseTimeoutMs)}`)
  }
  return null
}

interface Teller {
  readonly tell: (machines: readonly Machine[], pause: Pause | null) => Promise<void>
  /** Whether the question stands there: an answer that is found before that was given to another one. */
  readonly knows: (host: HostName) => boolean
  /** Whether it took the question, or refused it. */
  readonly isHeard: (host: HostName) => boolean
}

/**
 * Leaves word on hosts, on all at once; on each, one word after the other. One host that knows is enough; that none
 * does is reported, for then only this terminal can answer.
 */
function teller({ fleet, lock }: Pausing): Teller {
  const last = new Map<HostName, Promise<unknown>>()
  const ends = new Map<HostName, 'told' | 'not told'>()
  const tellHost = async (machine: Machine, pause: Pause | null): Promise<string | null> => {
    try {
      await last.get(machine.name)
      const { depot } = await lock.guarded(machine)
      await depot.pause(pause)
      ends.set(machine.name, 'told')
      return null
    } catch (error) {
      ends.set(machine.name, 'not told')
      return describe(error).reason
    }
  }
  const tell: Teller['tell'] = async (machines, pause) => {
    const told = await everywhere(machines, (machine) => {
      const telling = tellHost(machine, pause)
      last.set(machine.name, telling)
      return telling
    })
    const failures = told.flatMap((each) => (each.ok && each.value !== null ? [each.value] : []))
    if (failures[0] === undefined || failures.length < fleet.machines.length) return
    const what = pause === null ? 'no host knows that nobody is waited for any more' : 'no host knows of the pause'
    fleet.report({ type: 'note', level: 'warning', text: `${what}: ${failures[0]}` })
  }
  return { tell, knows: (host) => ends.get(host) === 'told', isHeard: (host) => ends.has(host) }
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}

const spanUnits = [
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const

/** A time that somebody chose: `1 h`, `1 h 30 min`, `90 ms`. */
export function spanText(ms: number): string {
  let rest = ms
  const parts = spanUnits.flatMap(([unit, size]) => {
    const count = Math.floor(rest / size)
    rest %= size
    return count === 0 ? [] : [`${count} ${unit}`]
  })
  return parts.join(' ')
}
