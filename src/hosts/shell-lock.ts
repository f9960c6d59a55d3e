/** The lock of an environment on one machine, held over its connection. */
import { UserError } from '../errors.ts'
import type { Pause } from './depot.ts'
import type { HeldCommand, Host } from './host.ts'
import type { Limit } from './limits.ts'
import { type LockOwner, ownerText, parseLockOwner } from './lock.ts'
import { flockHint, type LockPlace, reserveKiB } from './lock-place.ts'
import {
  type Holding,
  holdLockScript,
  lockEnd,
  lockUndo,
  othersMsMax,
  readLockScript,
  unlockScript,
} from './lock-scripts.ts'
import type { HeldLock, LockableMachine, LockHolder } from './lockable.ts'
import { pauseText } from './pause.ts'
import { type Doing, runScript } from './run-script.ts'

/** A heartbeat is due after ten seconds: whoever missed two of them is cut off, or dead. */
const silentMsMax = 25_000

export interface Locking {
  readonly host: Host
  readonly place: LockPlace
  /** For each script, beyond what it waits for others. */
  readonly limit: Limit
  /** What the deploy of this token waits for there; null: nothing. */
  readonly pauseOf?: (token: string) => Promise<Pause | null>
}

export function shellLock(locking: Locking): LockableMachine {
  const { host, place, limit } = locking
  const run = async (script: string, doing: Doing): Promise<string> =>
    (await runScript(host, script, { ...doing, what: `${host.name}: ${doing.what}` })).stdout.trim()
  return {
    name: host.name,
    lock: (owner, { isAgain }) => hold(locking, { owner, isAgain }),
    lockOwner: async () =>
      parseHolder(await run(readLockScript(place), { what: 'the lock could not be read', ...limit })),
    unlock: async (owner) => {
      await run(unlockScript(place, owner), { what: 'the lock could not be taken away', ...withOthers(locking) })
    },
  }
}

function withOthers({ limit }: Locking): Limit {
  return { ...limit, timeoutMs: limit.timeoutMs + othersMsMax }
}

async function hold(locking: Locking, holding: Holding): Promise<HeldLock> {
  const { host, place } = locking
  const held = await host.hold(holdLockScript(place, holding))
  const line = await lineOf(held, withOthers(locking))
  const [word = '', ...words] = (line ?? '').split(' ')
  if (word === 'locked') return heldLock(held, holding.owner, words.join(' '))
  await held.release()
  const { code, signal, stderr } = await held.ended
  if (line === null && code === null && signal === null)
    throw new UserError('host-unreachable', `${host.name}: the connection was lost while the lock was asked for`)
  throw await refused(locking, `${word} ${words.join(' ')}`, stderr)
}

function heldLock(held: HeldCommand, owner: LockOwner, before: string): HeldLock {
  const former = parseLockOwner(before)
  const end = async (word: string): Promise<void> => {
    held.write(word)
    await held.release()
  }
  return {
    cutOff: former?.token === owner.token ? null : former,
    beat: () => held.write('\n'),
    ended: held.ended.then(() => undefined),
    letGo: () => end(lockEnd),
    undo: () => end(lockUndo),
  }
}

/** One that says nothing in time is let go: it might get the lock when nobody waits for it any more. */
async function lineOf(held: HeldCommand, limit: Limit): Promise<string | null> {
  try {
    return await held.nextLine(limit)
  } catch (error) {
    await held.release()
    throw error
  }
}

async function refused(locking: Locking, answer: string, stderr: string): Promise<UserError> {
  const { host, place } = locking
  const [, seconds, line = ''] = /^held (\d+|-) (.*)$/.exec(answer) ?? []
  if (seconds !== undefined) return heldByAnother(locking, { line, silentMs: Number(seconds) * 1_000 })
  const [, said] = /^failed (.*)$/.exec(answer) ?? []
  if (said !== undefined) return flockFailed(locking, said)
  switch (answer.trim()) {
    case 'lost':
      return lostToAnother(host.name)
    case 'no flock':
      return new UserError('preflight', `${host.name} has no flock, which keeps two deploys apart`, {
        hint: 'Install util-linux there.',
      })
    case 'no folder':
      return new UserError('preflight', `${host.name} has no ${place.folders.at(-1)}`, {
        hint: 'Run `zdr-deploy <environment> setup`.',
      })
    default: {
      const text = `${host.name}: the lock in ${place.folders.at(-1)} could not be taken`
      const hint = `Is its disk full? ${reserveKiB} KiB free there are enough to go back.`
      return new UserError('host-command', text, { hint, output: stderr })
    }
  }
}

function flockFailed({ host, place }: Locking, said: string): UserError {
  return new UserError('preflight', `${host.name}: flock cannot lock in ${place.folders.at(-1)}`, {
    hint: flockHint,
    output: said,
  })
}

export function lostToAnother(name: string): UserError {
  return new UserError('locked', `another deploy had the lock on ${name} meanwhile: this one changes nothing more`)
}

async function heldByAnother(
  { host, place, pauseOf }: Locking,
  { line, silentMs }: { readonly line: string; readonly silentMs: number },
): Promise<UserError> {
  const owner = parseLockOwner(line)
  const who = owner === null ? 'another deploy' : ownerText(owner)
  const pause = owner === null || pauseOf === undefined ? null : await pauseOf(owner.token).catch(() => null)
  const isSilent = silentMs > silentMsMax
  const silence = isSilent
    ? `; nothing was heard of it for ${silentMs / 1_000} s: after a minute it loses the lock`
    : ''
  const message = `${host.name} ${place.heldBy} ${who}`
  const hint =
    'Wait for it to end (a deploy does that itself with `--wait 10m`), look with `zdr-deploy <environment> status`, or take the lock away from it with `zdr-deploy <environment> unlock`. A deploy that was killed lets go of it by itself within a minute.'
  const cause = isSilent ? { ...owner, silentMs } : owner
  if (pause === null) return new UserError('locked', `${message}${silence}`, { hint, cause })
  const answer = 'Answer it with `zdr-deploy <environment> resume`, or `zdr-deploy <environment> abort`.'
  return new UserError('locked', `${message}; it is ${pauseText(pause)}`, { hint: `${answer} ${hint}`, cause: owner })
}

function parseHolder(stdout: string): LockHolder | null {
  const [line = '', seconds = ''] = stdout.split('\n')
  if (line === '') return null
  const owner = parseLockOwner(line) ?? namelessOwner
  return /^\d+$/.test(seconds) ? { ...owner, silentMs: Number(seconds) * 1_000 } : owner
}

/** It holds the lock, and has not said who it is. */
const namelessOwner = { token: '', by: 'somebody', pid: 0, since: 'an unknown time', command: 'another deploy' }
