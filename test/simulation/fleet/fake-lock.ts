/** The lock of an environment on one host, held over a connection: what `holdLockScript` does. */
import { UserError } from '../../../src/errors.ts'
import type { HeldLock } from '../../../src/hosts/depot.ts'
import { type LockOwner, ownerText } from '../../../src/hosts/lock.ts'
import type { Who } from './change.ts'
import { errand } from './errand.ts'
import { createHolding, type Holding, release, watchHolding } from './holding.ts'
import { canReach, loseHolding, type Seat } from './seat.ts'
import { type Box, happen, passed, type World } from './world.ts'

const lockWaitMs = 2_000
const lookAgainMs = 250
const answerMs = 20_000

interface Taking {
  readonly owner: LockOwner
  readonly isAgain: boolean
}

export async function takeLock(seat: Seat, box: Box, taking: Taking): Promise<HeldLock> {
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
  box: Box,
  { owner, isAgain, who, isOver }: Taking & { readonly who: Who; readonly isOver: () => boolean },
): Promise<Holding> {
  for (let waitedMs = 0; box.holding !== null; waitedMs += lookAgainMs) {
    if (waitedMs >= lockWaitMs || isOver()) throw heldByAnother(box)
    await passed(world, lookAgainMs)
  }
  if (isAgain && box.disk.lock?.token !== owner.token) throw lostToAnother(box.name)
  const holding = createHolding(world, box, owner)
  box.holding = holding
  box.disk.lock = owner
  happen(world, who, { type: 'locked', host: box.name, owner })
  watchHolding(world, holding)
  return holding
}

function heldLock(seat: Seat, holding: Holding): HeldLock {
  const { world, deployer } = seat
  return {
    ended: holding.ended,
    beat: () => {
      if (seat.holding === holding && deployer.life === 'alive' && canReach(seat)) holding.lastBeatMs = world.time.now()
    },
    letGo: async () => {
      if (seat.holding !== holding) return
      try {
        await errand(seat, {
          what: 'the lock could not be let go',
          code: 'host-command',
          timeoutMs: answerMs,
          fence: null,
          work: ({ who }) => letGo(world, holding, who),
        })
      } catch {
        // It ends with its connection at the latest.
      }
      close(seat, holding)
    },
  }
}

function letGo(world: World, holding: Holding, who: Who): void {
  if (holding.box.holding !== holding) return
  holding.box.disk.lock = null
  release(world, holding, { why: 'let go', who })
}

export function lostToAnother(host: string): UserError {
  return new UserError('locked', `another deploy had the lock on ${host} meanwhile: this one changes nothing more`)
}

function heldByAnother({ name, disk: { lock } }: Box): UserError {
  const who = lock === null ? 'another deploy' : ownerText(lock)
  return new UserError('locked', `${name} is being deployed to by ${who}`, { cause: lock })
}
