/** A lock as its host sees it: held as long as the connection that it hangs on, or the heartbeat, lives. */
import type { LockOwner } from '../../../src/hosts/lock.ts'
import { fate, type Who } from './change.ts'
import { happen, type LockBox, type World } from './world.ts'

export interface Holding {
  readonly box: LockBox
  readonly owner: LockOwner
  /** Whose it was before, and was not given up. */
  readonly before: LockOwner | null
  lastBeatMs: number
  /** Tells the deployer that it is held no more. */
  readonly end: () => void
  readonly ended: Promise<void>
}

/** A deployer that was cut off without a word is given up after so long. */
const silentMs = 60_000
export function createHolding(
  { time }: World,
  box: LockBox,
  { owner, before }: Pick<Holding, 'owner' | 'before'>,
): Holding {
  let end = (): void => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  return { box, owner, before, lastBeatMs: time.now(), end, ended }
}

/** The host's own watch over the heartbeat. */
export function watchHolding(world: World, holding: Holding): void {
  world.time.at(holding.lastBeatMs + silentMs, () => {
    if (holding.box.holding !== holding) return
    if (world.time.now() - holding.lastBeatMs < silentMs) return watchHolding(world, holding)
    release(world, holding, { why: 'its deployer was silent for too long', who: fate })
    holding.end()
  })
}

/** The host lets go of it. The owner's line stays, so that the same deploy may take it again. */
export function release(
  world: World,
  holding: Holding,
  { why, who }: { readonly why: string; readonly who: Who },
): void {
  const { box, owner } = holding
  if (box.holding !== holding) return
  box.holding = null
  happen(world, who, { type: 'unlocked', host: box.name, owner, why })
}
