/** The lock of an environment on one host, held over its connection. */
import { UserError } from '../errors.ts'
import type { HeldLock, Pause } from './depot.ts'
import type { HeldCommand, Host } from './host.ts'
import type { Layout } from './layout.ts'
import { type Holding, holdLockScript, lockEnd, ownerText, parseLockOwner } from './lock.ts'
import { parsePause, pauseText, readPauseScript } from './pause.ts'

/** Longer than the script itself waits for a lock that is only looked at. */
const answerMs = 20_000
const lookTimeoutMs = 5_000

interface Place {
  readonly host: Host
  readonly layout: Layout
}

export async function holdLock(place: Place, holding: Holding): Promise<HeldLock> {
  const { host, layout } = place
  const { name } = host
  const held = await host.hold(holdLockScript(layout, holding))
  const answer = await lineOf(held)
  if (answer === 'locked') return heldLock(held)
  const line = answer === 'held' ? await lineOf(held) : null
  await held.release()
  const { stderr } = await held.ended
  if (answer === 'held') throw await heldByAnother(place, line ?? '')
  if (answer === 'lost') throw lostToAnother(name)
  if (answer === 'no flock')
    throw new UserError('preflight', `${name} has no flock, which keeps two deploys apart`, {
      hint: 'Install util-linux there.',
    })
  throw new UserError('host-command', `${name}: the lock in ${layout.zdr} could not be taken`, { output: stderr })
}

function heldLock(held: HeldCommand): HeldLock {
  return {
    beat: () => held.write('\n'),
    ended: held.ended.then(() => undefined),
    letGo: async () => {
      held.write(lockEnd)
      await held.release()
    },
  }
}

/** One that says nothing in time is let go: it might get the lock when nobody waits for it any more. */
async function lineOf(held: HeldCommand): Promise<string | null> {
  try {
    return await held.nextLine(answerMs)
  } catch (error) {
    await held.release()
    throw error
  }
}

export function lostToAnother(name: string): UserError {
  return new UserError('locked', `another deploy had the lock on ${name} meanwhile: this one changes nothing more`)
}

async function heldByAnother(place: Place, line: string): Promise<UserError> {
  const owner = parseLockOwner(line)
  const who = owner === null ? 'another deploy' : ownerText(owner)
  const pause = owner === null ? null : await pauseOf(place, owner.token)
  const message = `${place.host.name} is being deployed to by ${who}`
  const hint =
    'Wait for it to end, or look with `zdr-deploy <environment> status`. A deploy that was killed lets go of the lock by itself within a minute.'
  if (pause === null) return new UserError('locked', message, { hint, cause: owner })
  const answer = 'Answer it with `zdr-deploy <environment> resume`, or `zdr-deploy <environment> abort`.'
  return new UserError('locked', `${message}; it is ${pauseText(pause)}`, { hint: `${answer} ${hint}`, cause: owner })
}

/** What the deploy of this token waits for; null: nothing, or it cannot be seen, which changes nothing here. */
async function pauseOf({ host, layout }: Place, token: string): Promise<Pause | null> {
  try {
    const { stdout } = await host.run(readPauseScript(layout), { timeoutMs: lookTimeoutMs })
    const pause = parsePause(stdout)
    return pause?.token === token ? pause : null
  } catch {
    return null
  }
}
