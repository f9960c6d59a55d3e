import type { Balancer } from '../balancers/balancer.ts'
import { UserError } from '../errors.ts'
import { heartbeatMs, type LockOwner, ownerText, parseLockOwner } from '../hosts/lock.ts'
import type { HeldLock, LockableMachine } from '../hosts/lockable.ts'
import { everywhere } from './everywhere.ts'
import type { Fleet, Machine } from './fleet.ts'

/** How long a host whose connection was lost is tried for its lock, before a step there. */
const regainTries = 5
const regainPauseMs = 1_000
/** Who waits for the lock asks again after so long; each time it is waited for there as well, for some seconds. */
const askAgainMs = 500

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

/** Of a fleet, what its lock needs. */
export interface Locking extends Pick<Fleet, 'machines' | 'clock' | 'report'> {
  readonly balancer: Pick<Balancer, 'locks'>
}

/**
 * Takes the lock on every host and every machine of the balancer, all or none. Rejects with UserError `locked`, saying
 * who has it, where it is not free within `waitMs`.
 */
export async function takeLock(
  fleet: Locking,
  owner: LockOwner,
  { waitMs }: { readonly waitMs: number } = { waitMs: 0 },
): Promise<FleetLock> {
  const { clock, report } = fleet
  const giveUpMs = clock.now() + waitMs
  const waitedFor = new Set<string>()
  for (;;) {
    try {
      return await takeEverywhere(fleet, owner)
    } catch (error) {
      if (!isLocked(error) || clock.now() >= giveUpMs) throw error
      const text = `waits for the lock until ${new Date(giveUpMs).toISOString()}: ${error.message}`
      if (!waitedFor.has(tokenOf(error))) report({ type: 'note', level: 'info', text })
      waitedFor.add(tokenOf(error))
      await clock.sleep(Math.min(askAgainMs, giveUpMs - clock.now()))
    }
  }
}

async function takeEverywhere(fleet: Locking, owner: LockOwner): Promise<FleetLock> {
  const { machines, clock } = fleet
  const all = inOrder(fleet).flat()
  const held = new Map<string, HeldLock>()
  let state: 'taking' | 'ours' | 'over' = 'taking'
  const take = async (machine: LockableMachine, isAgain: boolean): Promise<void> => {
    const { name } = machine
    const lock = await machine.lock(owner, { isAgain })
    if (state === 'over') return lock.letGo()
    held.set(name, lock)
    void lock.ended.then(() => {
      if (held.get(name) !== lock) return
      held.delete(name)
      regain(machine)
    })
  }
  const again = new Map<string, Promise<void>>()
  const takeAgain = (machine: LockableMachine): Promise<void> => {
    const { name } = machine
    const underWay = again.get(name) ?? take(machine, true).finally(() => again.delete(name))
    again.set(name, underWay)
    return underWay
  }
  // Where the connection was lost, it is taken again at once: nobody else is to have it while we only wait.
  const regain = (machine: LockableMachine): void => {
    if (state === 'ours') takeAgain(machine).catch(() => undefined)
  }
  const stopBeating = clock.every(heartbeatMs, () => {
    for (const machine of all) {
      const lock = held.get(machine.name)
      if (lock === undefined) regain(machine)
      else lock.beat()
    }
  })
  const end = async (how: 'letGo' | 'undo'): Promise<void> => {
    state = 'over'
    stopBeating()
    await Promise.all([...held.values()].map((lock) => lock[how]()))
    held.clear()
  }
  try {
    for (const some of inOrder(fleet)) {
      const failure = (await everywhere(some, (machine) => take(machine, false))).find((each) => !each.ok)
      if (failure !== undefined && !failure.ok) throw failure.error
    }
  } catch (error) {
    // Whoever was cut off from some of them, and has the others, goes on as if we had never come.
    await end('undo')
    throw error
  }
  state = 'ours'
  sayTakenOver(fleet, held)
  return {
    token: owner.token,
    guarded: (machine) => guardedMachine(machine, { owner, held, clock, takeAgain: () => takeAgain(lockOf(machine)) }),
    assertOurs: () => assertOurs(machines, owner),
    release: () => end('letGo'),
  }
}

/**
 * Of two that start in the same second, the first machine that both take decides; so those behind it may be asked at
 * once. With different hosts skipped, that is a machine of the balancer.
 */
function inOrder({ machines, balancer }: Locking): readonly (readonly LockableMachine[])[] {
  const [first, ...others] = machines.map(lockOf)
  const [meeting, ...behind] = balancer.locks
  return [first === undefined ? [] : [first], [...others, ...(meeting === undefined ? [] : [meeting])], behind]
}

function lockOf({ name, depot }: Machine): LockableMachine {
  return { ...depot, name }
}

/** Once for each deploy that was cut off, however many machines it had. */
function sayTakenOver({ report }: Locking, held: ReadonlyMap<string, HeldLock>): void {
  const told = new Set<string>()
  for (const [host, { cutOff }] of held) {
    if (cutOff === null || told.has(cutOff.token)) continue
    told.add(cutOff.token)
    report({ type: 'note', level: 'info', host, text: `takes over the lock of ${ownerText(cutOff)}` })
  }
}

interface Keeping extends Pick<Locking, 'clock'> {
  readonly owner: LockOwner
  /** Where it is held now: what has ended is not in here any more. */
  readonly held: ReadonlyMap<string, HeldLock>
  readonly takeAgain: () => Promise<void>
}

async function guardedMachine(machine: Machine, { owner, held, clock, takeAgain }: Keeping): Promise<Machine> {
  const guarded: Machine = { ...machine, ...machine.depot.guarded(owner.token) }
  if (held.has(machine.name)) return guarded
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

function isLocked(error: unknown): error is UserError {
  return error instanceof UserError && error.code === 'locked'
}

/** Of the deploy that has the lock; '' where it did not say. */
function tokenOf({ cause }: UserError): string {
  return parseLockOwner(JSON.stringify(cause ?? null))?.token ?? ''
}
