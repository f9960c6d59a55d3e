import { UserError } from '../errors.ts'
import type { Process } from '../processes/processes.ts'
import type { Fleet } from './fleet.ts'
import { howIsIt, type Word } from './observe.ts'
import type { Verification } from './verify.ts'

const askEveryMs = 1_000
/** What a manager runs is asked more seldom: pm2 starts a whole Node for each answer. */
const listEveryMs = 5_000
/** Its manager is asked so often before it counts as a failure that it does not answer: one lost connection takes no release back. */
const missesMax = 3

export type Soaking = Pick<Verification, 'machine' | 'activation' | 'processes' | 'onWaiting'> & {
  /** What was verified: none of them may be gone. */
  readonly standing: readonly Process[]
  /** False as soon as nobody waits for the end any more. */
  readonly isWanted: () => boolean
}

/**
 * Watches a host that serves for `soakMs`: it must answer healthily all the while, by the same processes. Rejects with
 * UserError `verify`, saying what was seen; with what kept us from asking, where that lasts: that is nothing against
 * the release. Changes nothing; may be repeated.
 */
export async function soak(fleet: Fleet, soaking: Soaking): Promise<void> {
  const { clock, times } = fleet
  const { isWanted, onWaiting } = soaking
  const untilMs = clock.now() + times.soakMs
  let listAgainMs = clock.now()
  for (let misses = 0; isWanted(); ) {
    const leftMs = untilMs - clock.now()
    const seen = await look(fleet, soaking, leftMs <= 0 || clock.now() >= listAgainMs)
    // Nobody waits for it any more: the host may be going back, and new processes mean nothing.
    if (!isWanted()) return
    misses = seen.fault === null ? 0 : misses + 1
    if (seen.fault !== null && misses === missesMax) throw seen.fault
    judge(soaking, seen)
    if (leftMs <= 0 && misses === 0) return
    if (seen.running !== null) listAgainMs = clock.now() + listEveryMs
    onWaiting(leftMs > 0 ? `watched for ${Math.ceil(leftMs / 1000)} s more` : 'asked once more how it is')
    await clock.sleep(leftMs > 0 ? Math.min(askEveryMs, leftMs) : askEveryMs)
  }
}

interface Seen {
  readonly word: Word
  /** null: not asked, or no answer. */
  readonly running: readonly Process[] | null
  /** What kept us from seeing it. */
  readonly fault: unknown
}

async function look(fleet: Fleet, { machine, activation, processes }: Soaking, isListed: boolean): Promise<Seen> {
  const word = await howIsIt(fleet, machine, { wellBefore: [machine.name], haste: 'hurried' })
  if (word === 'unheard')
    return { word, running: null, fault: new UserError('host-unreachable', 'could not be asked while it soaked') }
  try {
    return { word, running: isListed ? await processes.running(machine.host, activation) : null, fault: null }
  } catch (error) {
    return { word, running: null, fault: error }
  }
}

function judge({ standing }: Soaking, { word, running }: Seen): void {
  if (word === 'ill') throw new UserError('verify', 'was verified, and did not stay healthy in rotation')
  if (running === null) return
  const pids = new Set(running.filter(({ status }) => status === 'online').map(({ pid }) => pid))
  const gone = standing.find(({ pid }) => !pids.has(pid))
  if (gone === undefined) return
  throw new UserError('verify', `${gone.name} (pid ${gone.pid}) was verified, and did not stay up in rotation`)
}
