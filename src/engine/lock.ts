import type { Balancer } from '../balancers/balancer.ts'
import { UserError } from '../errors.ts'
import { heartbeatMs, type LockOwner, ownerText } from '../hosts/lock.ts'
import type { HeldLock, LockableMachine } from '../hosts/lockable.ts'
import { everywhere } from './everywhere.ts'
import type { Fleet, Machine } from './fleet.ts'
import { isLocked, tokenOf, type Waiting, whileLocked } from './while-locked.ts'

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
   * Before what no lock of ours guards is changed: one machine that says so is enough, for the lock is all or none.
   * Rejects with UserError `locked` where none does.
   */
  assertOurs(): Promise<void>
  release(): Promise<void>
}

/** Of a fleet, what its lock needs. */
export interface Locking extends Pick<Fleet, 'machines' | 'clock' | 'report'> {
  readonly balancer: Pick<Balancer, 'locks'>
}

/**
 * Takes the lock on every host and every machine of the balancer, all or none. Rejects with UserError `locked`, saying
 * who has it, where it is not free within `waitMs`, and with `interrupted` where it is not wanted any more.
 */
export async function takeLock(fleet: Locking, owner: LockOwner, waiting: Waiting = { waitMs: 0 }): Promise<FleetLock> {
  return whileLocked(fleet, waiting, () => takeEverywhere(fleet, owner, waiting.isWanted ?? (() => true)))
}

async function takeEverywhere(fleet: Locking, owner: LockOwner, isWanted: () => boolean): Promise<FleetLock> {
  const { machines, balancer, clock } = fleet
  const hosts = new Map(machines.map((machine) => [machine.name, lockOf(machine)]))
  const rounds = inOrder([...hosts.values()], balancer.locks)
  const all = rounds.flat()
  // By the machine, not by its name: one that is a host and a balancer has a lock for each.
  const held = new Map<LockableMachine, HeldLock>()
  let state: 'taking' | 'ours' | 'over' = 'taking'
  const take = async (machine: LockableMachine, isAgain: boolean): Promise<void> => {
    const lock = await machine.lock(owner, { isAgain })
    if (state === 'over') return lock.letGo()
    held.set(machine, lock)
    void lock.ended.then(() => {
      if (held.get(machine) !== lock) return
      held.delete(machine)
      regain(machine)
    })
  }
  const again = new Map<LockableMachine, Promise<void>>()
  const takeAgain = (machine: LockableMachine): Promise<void> => {
    const underWay = again.get(machine) ?? take(machine, true).finally(() => again.delete(machine))
    again.set(machine, underWay)
    return underWay
  }
  // Where the connection was lost, it is taken again at once: nobody else is to have it while we only wait.
  const regain = (machine: LockableMachine): void => {
    if (state === 'ours') takeAgain(machine).catch(() => undefined)
  }
  const stopBeating = clock.every(heartbeatMs, () => {
    for (const machine of all) {
      const lock = held.get(machine)
      if (lock === undefined) regain(machine)
      else lock.beat()
    }
  })
  const end = async (how: 'letGo' | 'undo'): Promise<void> => {
    state = 'over'
    stopBeating()
    // What comes of them is let go at once: we must still be there for it.
    await Promise.allSettled(again.values())
    await Promise.all([...held.values()].map((lock) => lock[how]()))
    held.clear()
  }
  try {
    for (const some of rounds) {
      const failure = (await everywhere(some, (machine) => take(machine, false))).find((each) => !each.ok)
      if (failure !== undefined && !failure.ok) throw failure.error
      if (!isWanted()) throw new UserError('interrupted', 'Interrupted while the lock was taken. Nothing was changed.')
    }
  } catch (error) {
    // Whoever was cut off from some of them, and has the others, goes on as if we had never come.
    await end('undo')
    throw error
  }
  state = 'ours'
  sayTakenOver(fleet, [...hosts.values(), ...balancer.locks], held)
  return {
    token: owner.token,
    guarded: (machine) => {
      const lockable = hosts.get(machine.name)
      if (lockable === undefined) throw new Error(`${machine.name} is not locked`)
      const isHeld = (): boolean => held.has(lockable)
      return guardedMachine(machine, { owner, isHeld, clock, takeAgain: () => takeAgain(lockable) })
    },
    assertOurs: () => assertOurs(machines, owner),
    release: () => end('letGo'),
  }
}

/**
 * Of two that start in the same second, never both are refused: where one is, the other has a machine that comes before
 * in an order that is the same for all, and goes on. All that have a balancer meet at its first machine, whatever they
 * skip, and the one that has it may take the rest at once; but for the first host, where it meets a `setup`, which has
 * the hosts alone. Who takes hosts alone takes one after another, by name.
 */
function inOrder(
  hosts: readonly LockableMachine[],
  [meeting, ...behind]: readonly LockableMachine[],
): readonly (readonly LockableMachine[])[] {
  const sorted = hosts.toSorted((one, other) => (one.name < other.name ? -1 : 1))
  if (meeting === undefined) return sorted.map((host) => [host])
  return [[meeting], sorted.slice(0, 1), [...sorted.slice(1), ...behind]]
}

export function lockOf({ name, depot }: Pick<Machine, 'name' | 'depot'>): LockableMachine {
  return { ...depot, name }
}

/** Once for each deploy that was cut off, however many machines it had. */
function sayTakenOver(
  { report }: Pick<Locking, 'report'>,
  all: readonly LockableMachine[],
  held: ReadonlyMap<LockableMachine, HeldLock>,
): void {
  const told = new Set<string>()
  for (const machine of all) {
    const cutOff = held.get(machine)?.cutOff ?? null
    if (cutOff === null || told.has(cutOff.token)) continue
    told.add(cutOff.token)
    report({ type: 'note', level: 'info', host: machine.name, text: `takes over the lock of ${ownerText(cutOff)}` })
  }
}

interface Keeping extends Pick<Locking, 'clock'> {
  readonly owner: LockOwner
  /** False as soon as it has ended. */
  readonly isHeld: () => boolean
  readonly takeAgain: () => Promise<void>
}

async function guardedMachine(machine: Machine, { owner, isHeld, clock, takeAgain }: Keeping): Promise<Machine> {
  const guarded: Machine = { ...machine, ...machine.depot.guarded(owner.token) }
  if (isHeld()) return guarded
  for (let tries = 1; ; tries++) {
    try {
      await takeAgain()
      return guarded
    } catch (error) {
      // Our own earlier script lives on, on the far side of a cut connection: nobody else can have the lock.
      if (isLocked(error) && tokenOf(error) === owner.token) return guarded
      if (tries === regainTries || isLocked(error)) throw error
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
