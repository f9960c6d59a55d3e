import type { Interruption } from '../engine/interruption.ts'
import type { FleetLock } from '../engine/lock.ts'

/** An interruption ends it at once, and rejects when nothing is left of it on any machine: no deploy was begun there. */
export async function takeOrStop(
  interruption: Pick<Interruption, 'orStop'>,
  take: (isWanted: () => boolean) => Promise<FleetLock>,
): Promise<FleetLock> {
  let isWanted = true
  const taking = take(() => isWanted)
  try {
    return await interruption.orStop(taking)
  } catch (error) {
    isWanted = false
    await taking.then(
      (lock) => lock.release(),
      () => undefined,
    )
    throw error
  }
}
