/** The lock of an environment on one machine, held over a connection: what `holdLockScript` does. */
import { UserError } from '../../../src/errors.ts'
import { type LockOwner, ownerText } from '../../../src/hosts/lock.ts'
import type { HeldLock, LockableMachine } from '../../../src/hosts/lockable.ts'
import type { Who } from './change.ts'
import { errand, type Work } from './errand.ts'
import { createHolding, type Holding, release, watchHolding } from './holding.ts'
import { canReach, loseHolding, type Seat } from './seat.ts'
import { happen, type LockBox, passed, type World } from './world.ts'

const lockWaitMs = 2_000
const lookAgainMs = 250
const answerMs = 20_000

interface Taking {
  readonly owner: LockOwner
  readonly isAgain: boolean
}

export function fakeLock(seat: Seat, box: LockBox): LockableMachine {
  const ask = <Value>(what: string, work: (work: Work) => Value | Promise<Value>): Promise<Value> =>
    errand(seat, { what, code: 'host-command', timeoutMs: answerMs, fence: null, work })
  return {
    name: box.name,
    lock: (owner, { isAgain }) => takeLock(seat, box, { owner, isAgain }),
    lockOwner: () =>
      ask('the lock could not be read', () => {
        const { disk, holding } = box
        if (holding === null) return null
        return disk.lock === null ? null : { ...disk.lock, silentMs: seat.world.time.now() - holding.lastBeatMs }
      }),
    unlock: ({ token }) =>
      ask('the lock could not be taken away', ({ who }) => {
        const { disk, holding } = box
        if (disk.lock?.token !== token) return
        disk.lock = null
        if (holding === null) return
        release(seat.world, holding, { why: 'taken away', who })
        holding.end()
      }),
  }
}

async function takeLock(seat: Seat, box: LockBox, taking: Taking): Promise<HeldLock> {
  let taken: Holding | null = null
  const word = { what: 'the lock could not be taken', code: 'host-command', timeoutMs: answerMs, fence: null } as const
  try {
    const holding = await errand(seat, {
      ...word,
      work: async ({ who, isOver }) => {
        taken = await hold(seat, box, { ...taking, who, isOver })
        seat.holding = taken
        if (seat.deployer.life === 'dead') loseHolding(seat, 'heard')
        return taken
      },
    })
    return heldLock(seat, holding)
  } catch (error) {
    if (taken !== null) close(seat, taken)
    throw error
  }
}

/** Nobody waits for it any more, and its connection is closed; where the line is cut, its host does not hear of that. */
function close(seat: Seat, holding: Holding): void {
  if (seat.holding === holding) loseHolding(seat, canReach(seat) ? 'heard' : 'unheard')
}

async function hold(
  { world }: Seat,
  box: LockBox,
  { owner, isAgain, who, isOver }: Taking & { readonly who: Who; readonly isOver: () => boolean },
): Promise<Holding> {
  const mine = box.holding
  if (isAgain && mine?.owner.token === owner.token) {
    release(world, mine, { why: 'its own deploy takes it again', who })
    mine.end()
  }
  for (let waitedMs = 0; box.holding !== null; waitedMs += lookAgainMs) {
    if (waitedMs >= lockWaitMs || isOver()) throw heldByAnother(box)
    await passed(world, lookAgainMs)
  }
  if (isAgain && box.disk.lock?.token !== owner.token) throw lostToAnother(box.name)
  const holding = createHolding(world, box, { owner, before: box.disk.lock })
  box.holding = holding
  box.disk.lock = owner
  happen(world, who, { type: 'locked', host: box.name, owner })
  watchHolding(world, holding)
  return holding
}

function heldLock(seat: Seat, holding: Holding): HeldLock {
  const { world, deployer } = seat
  const { owner, before } = holding
  const end = async (next: LockOwner | null): Promise<void> => {
    if (seat.holding !== holding) return
    try {
      await errand(seat, {
        what: 'the lock could not be let go',
        code: 'host-command',
        timeoutMs: answerMs,
        fence: null,
        work: ({ who }) => letGo(world, holding, { who, next }),
      })
    } catch {
      // It ends with its connection at the latest.
    }
    close(seat, holding)
  }
  return {
    cutOff: before === null || before.token === owner.token ? null : before,
    ended: holding.ended,
    beat: () => {
      if (seat.holding === holding && deployer.life === 'alive' && canReach(seat)) holding.lastBeatMs = world.time.now()
    },
    letGo: () => end(null),
    undo: () => end(before),
  }
}

function letGo(
  world: World,
  holding: Holding,
  { who, next }: { readonly who: Who; readonly next: LockOwner | null },
): void {
  if (holding.box.holding !== holding) return
  holding.box.disk.lock = next
  release(world, holding, { why: 'let go', who })
}

export function lostToAnother(host: string): UserError {
  return new UserError('locked', `another deploy had the lock on ${host} meanwhile: this one changes nothing more`)
}

function heldByAnother(box: LockBox): UserError {
  const { lock } = box.disk
  const who = lock === null ? 'another deploy' : ownerText(lock)
  const held = 'app' in box ? 'is being deployed to by' : 'is the balancer of a deploy by'
  return new UserError('locked', `${box.name} ${held} ${who}`, { cause: lock })
}
