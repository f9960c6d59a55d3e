import { UserError } from '../errors.ts'
import type { HeldCommand, Host } from '../hosts/host.ts'
import {
  fencedScript,
  guardScript,
  type Holding,
  heartbeatMs,
  holdLockScript,
  type LockOwner,
  lockEnd,
  ownerText,
  parseLockOwner,
} from '../hosts/lock.ts'
import type { HostName } from '../rollout/model.ts'
import type { Clock } from './clock.ts'
import { everywhere } from './everywhere.ts'
import type { Machine } from './fleet.ts'

/** Longer than the script itself waits for a lock that is only looked at. */
const answerMs = 20_000
/** How long a host whose connection was lost is tried for its lock, before a step there. */
const regainTries = 5
const regainPauseMs = 1_000

export interface FleetLock {
  readonly token: string
  /**
   * The machine for a step that changes something: each script first checks, on the host, that the lock is still ours.
   * Where the connection was lost meanwhile, the lock is taken again first. Rejects with UserError `locked` where
   * another deploy has it now.
   */
  guarded(machine: Machine): Promise<Host>
  /**
   * Before the balancer is told anything: one machine that says so is enough, for the lock is all or none. Rejects
   * with UserError `locked` where none does.
   */
  assertOurs(): Promise<void>
  release(): Promise<void>
}

/**
 * Takes the lock on every machine, all or none. The first machine decides between two that start in the same second,
 * so the others may be asked all at once. Rejects with UserError `locked`, saying who has it.
 */
export async function takeLock(machines: readonly Machine[], owner: LockOwner, clock: Clock): Promise<FleetLock> {
  const held = new Map<HostName, HeldCommand>()
  const take = async (machine: Machine, isAgain: boolean): Promise<void> => {
    const command = await holdOn(machine, { owner, isAgain })
    held.set(machine.name, command)
    void command.ended.then(() => held.get(machine.name) === command && held.delete(machine.name))
  }
  const stopBeating = clock.every(heartbeatMs, () => {
    for (const each of held.values()) each.write('\n')
  })
  const release = async (): Promise<void> => {
    stopBeating()
    await Promise.all([...held.values()].map(letGo))
    held.clear()
  }
  const [first, ...others] = machines
  try {
    if (first !== undefined) await take(first, false)
    const failure = (await everywhere(others, (machine) => take(machine, false))).find((each) => !each.ok)
    if (failure !== undefined && !failure.ok) throw failure.error
  } catch (error) {
    await release()
    throw error
  }
  const keeping: Keeping = { owner, held, clock, takeAgain: (machine) => take(machine, true) }
  return {
    token: owner.token,
    guarded: (machine) => guardedHost(machine, keeping),
    assertOurs: () => assertOurs(machines, owner),
    release,
  }
}

async function letGo(held: HeldCommand): Promise<void> {
  held.write(lockEnd)
  await held.release()
}

interface Keeping {
  readonly owner: LockOwner
  /** Where it is held now: what has ended is not in here any more. */
  readonly held: ReadonlyMap<HostName, HeldCommand>
  readonly clock: Clock
  readonly takeAgain: (machine: Machine) => Promise<void>
}

async function guardedHost(machine: Machine, { owner, held, clock, takeAgain }: Keeping): Promise<Host> {
  const { host, layout } = machine
  const guarded: Host = {
    ...host,
    run: (script, options) => host.run(fencedScript(layout, owner.token, script), options),
  }
  if (held.has(machine.name)) return guarded
  for (let tries = 1; ; tries++) {
    try {
      await takeAgain(machine)
      return guarded
    } catch (error) {
      // Our own earlier script lives on, on the far side of a cut connection: nobody else can have the lock.
      if (isOwn(error, owner)) return guarded
      if (tries === regainTries || (error instanceof UserError && error.code === 'locked')) throw error
      await clock.sleep(regainPauseMs)
    }
  }
}

async function assertOurs(machines: readonly Machine[], owner: LockOwner): Promise<void> {
  const ask = async ({ host, layout, name }: Machine): Promise<void> => {
    const { code } = await host.run(guardScript(layout, owner.token), { timeoutMs: answerMs })
    if (code !== 0) throw lostToAnother(name)
  }
  try {
    await Promise.any(machines.map(ask))
  } catch (error) {
    throw new UserError('locked', 'No host says any more that the lock is ours: nothing more is changed', {
      cause: error,
    })
  }
}

function lostToAnother(name: HostName): UserError {
  return new UserError('locked', `another deploy had the lock on ${name} meanwhile: this one changes nothing more`)
}

function isOwn(error: unknown, owner: LockOwner): boolean {
  if (!(error instanceof UserError) || error.code !== 'locked') return false
  return parseLockOwner(JSON.stringify(error.cause))?.token === owner.token
}

async function holdOn({ name, host, layout }: Machine, holding: Holding): Promise<HeldCommand> {
  const held = await host.hold(holdLockScript(layout, holding))
  const answer = await lineOf(held)
  if (answer === 'locked') return held
  const line = answer === 'held' ? await lineOf(held) : null
  const { stderr } = await endOf(held)
  if (answer === 'held') throw heldByAnother(name, line ?? '')
  if (answer === 'lost') throw lostToAnother(name)
  if (answer === 'no flock')
    throw new UserError('preflight', `${name} has no flock, which keeps two deploys apart`, {
      hint: 'Install util-linux there.',
    })
  throw new UserError('host-command', `${name}: the lock in ${layout.zdr} could not be taken`, { output: stderr })
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

async function endOf(held: HeldCommand): Promise<{ readonly stderr: string }> {
  await held.release()
  return held.ended
}

function heldByAnother(name: HostName, line: string): UserError {
  const owner = parseLockOwner(line)
  const who = owner === null ? 'another deploy' : ownerText(owner)
  return new UserError('locked', `${name} is being deployed to by ${who}`, {
    hint: 'Wait for it to end, or look with `zdr-deploy <environment> status`. A deploy that was killed lets go of the lock by itself within a minute.',
    cause: owner,
  })
}
