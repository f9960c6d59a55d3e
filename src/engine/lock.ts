import { UserError } from '../errors.ts'
import type { HeldLock } from '../hosts/depot.ts'
import { heartbeatMs, type LockOwner, parseLockOwner } from '../hosts/lock.ts'
import type { HostName } from '../rollout/model.ts'
import type { Clock } from './clock.ts'
import { everywhere } from './everywhere.ts'
import type { Machine } from './fleet.ts'

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
  guarded(machine: Machine): Promise<Machine>
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
  const held = new Map<HostName, HeldLock>()
  let state: 'taking' | 'ours' | 'over' = 'taking'
  const take = async ({ name, depot }: Machine, isAgain: boolean): Promise<void> => {
    const lock = await depot.lock(owner, { isAgain })
    if (state === 'over') return lock.letGo()
    held.set(name, lock)
    void lock.ended.then(() => held.get(name) === lock && held.delete(name))
  }
  // Where the connection was lost, it is taken again at once: nobody else is to have it while we only wait.
  const regaining = new Set<HostName>()
  const regain = async (machine: Machine): Promise<void> => {
    if (state !== 'ours' || regaining.has(machine.name)) return
    regaining.add(machine.name)
    await take(machine, true).catch(() => undefined)
    regaining.delete(machine.name)
  }
  const stopBeating = clock.every(heartbeatMs, () => {
    for (const machine of machines) {
      const lock = held.get(machine.name)
      if (lock === undefined) void regain(machine)
      else lock.beat()
    }
  })
  const release = async (): Promise<void> => {
    state = 'over'
    stopBeating()
    await Promise.all([...held.values()].map((lock) => lock.letGo()))
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
  state = 'ours'
  const keeping: Keeping = { owner, held, clock, takeAgain: (machine) => take(machine, true) }
  return {
    token: owner.token,
    guarded: (machine) => guardedMachine(machine, keeping),
    assertOurs: () => assertOurs(machines, owner),
    release,
  }
}

interface Keeping {
  readonly owner: LockOwner
  /** Where it is held now: what has ended is not in here any more. */
  readonly held: ReadonlyMap<HostName, HeldLock>
  readonly clock: Clock
  readonly takeAgain: (machine: Machine) => Promise<void>
}

async function guardedMachine(machine: Machine, { owner, held, clock, takeAgain }: Keeping): Promise<Machine> {
  const guarded: Machine = { ...machine, ...machine.depot.guarded(owner.token) }
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
  try {
    await Promise.any(machines.map(({ depot }) => depot.assertOurs(owner.token)))
  } catch (error) {
    throw new UserError('locked', 'No host says any more that the lock is ours: nothing more is changed', {
      cause: error,
    })
  }
}

function isOwn(error: unknown, owner: LockOwner): boolean {
  if (!(error instanceof UserError) || error.code !== 'locked') return false
  return parseLockOwner(JSON.stringify(error.cause))?.token === owner.token
}
