/** One deployer's connection to one machine, and all that it asks there. */
import { UserError } from '../../../src/errors.ts'
import { fate } from './change.ts'
import type { Deployer } from './deployer.ts'
import { type Holding, release } from './holding.ts'
import { between, type Place, type World } from './world.ts'

export interface Seat {
  readonly world: World
  readonly deployer: Deployer
  readonly place: Place
  readonly trips: Set<Trip>
  /** The lock, as this deployer believes. */
  holding: Holding | null
  /** What a machine that cannot be reached is to it. */
  readonly code: 'host-unreachable' | 'balancer'
}

/** One question on its way, at work, and back. */
export interface Trip {
  state: 'on its way' | 'there' | 'over'
  readonly reject: (error: UserError) => void
}

/** A line that says nothing is given up after so long; one that was there before is found out sooner. */
const silentMsMin = 1_000
const silentMsMax = 15_000

/** What was on its way when its deployer dies arrives all the same, so often. */
const arrivesChance = 0.5
/** How often a machine hears at once that a connection is no more. */
const heardChance = 0.5

export function seatAt(world: World, deployer: Deployer, place: Place): Seat {
  const known = deployer.seats.get(place.name)
  if (known !== undefined) return known
  const code = 'app' in place ? 'host-unreachable' : 'balancer'
  const seat: Seat = { world, deployer, place, trips: new Set(), holding: null, code }
  deployer.seats.set(place.name, seat)
  place.seats.add(seat)
  return seat
}

export function canReach({ place, deployer }: Seat): boolean {
  return place.power === 'on' && !place.cutFrom.has(deployer.name)
}

export function unreachable({ code, place: { name } }: Seat): UserError {
  return new UserError(code, `${name} does not answer`)
}

/** How long a deployer waits on a silent line before it gives up. */
export function silentMs(world: World): number {
  return between(world, silentMsMin, silentMsMax)
}

/** The connection is gone, and the deployer knows. Work that is under way there goes on. */
export function loseConnection(seat: Seat): void {
  const isHeard = seat.world.dice.chance(heardChance) && canReach(seat)
  for (const trip of seat.trips) {
    trip.state = 'over'
    trip.reject(unreachable(seat))
  }
  seat.trips.clear()
  loseHolding(seat, isHeard ? 'heard' : 'unheard')
}

/** Nobody can reach the other: the deployer finds out after a while, where it lasts. */
export function fallSilent(seat: Seat, isStillSo: () => boolean): void {
  seat.world.time.after(silentMs(seat.world), () => {
    if (isStillSo()) loseConnection(seat)
  })
}

/** Its deployer is dead. */
export function forget(seat: Seat, how: 'killed' | 'cut off'): void {
  for (const trip of seat.trips)
    if (trip.state === 'on its way' && !seat.world.dice.chance(arrivesChance)) trip.state = 'over'
  loseHolding(seat, how === 'killed' && canReach(seat) ? 'heard' : 'unheard')
}

/** The connection that it hangs on is no more, for its deployer; its host may not have heard. */
export function loseHolding(seat: Seat, how: 'heard' | 'unheard'): void {
  const { holding, world } = seat
  if (holding === null) return
  seat.holding = null
  holding.end()
  if (how === 'heard') release(world, holding, { why: 'its connection has ended', who: fate })
}
