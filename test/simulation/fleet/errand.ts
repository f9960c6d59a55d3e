/** Every call of a port is an errand to a machine: it takes its time, and meets with faults as the dials say. */
import { type ErrorCode, UserError } from '../../../src/errors.ts'
import type { Who } from './change.ts'
import { canReach, loseConnection, type Seat, silentMs, type Trip, unreachable } from './seat.ts'
import { endStep, enterStep, type Running } from './step.ts'
import { type Box, between, clockTime, passed, type World } from './world.ts'

export interface Errand<Value> {
  /** What could not be done, where it fails. */
  readonly what: string
  readonly code: ErrorCode
  readonly timeoutMs: number
  /** Of a guarded step; null: no lock is needed. */
  readonly fence: Fence | null
  readonly canBeHalf?: true
  /** Only its time limit ends it. */
  readonly isLasting?: boolean
  /** What it does there. One that takes a while looks whether it is over by now. */
  readonly work: (work: Work) => Soon<Value>
}

export interface Fence {
  readonly box: Box
  readonly token: string
}

export interface Work {
  readonly who: Who
  readonly isHalf: boolean
  /** Its machine lost power, its time limit ended it, or `endStep` did. */
  readonly isOver: () => boolean
}

export function errand<Value>(seat: Seat, asked: Errand<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    if (seat.deployer.life === 'dead') return
    const trip: Trip = { state: 'on its way', reject }
    seat.trips.add(trip)
    const { time } = seat.world
    time.after(latencyMs(seat.world), () => carryOut(seat, asked, { trip, resolve, reject }))
  })
}

interface Sender<Value> {
  readonly trip: Trip
  readonly resolve: (value: Value) => void
  readonly reject: (error: UserError) => void
}

function carryOut<Value>(seat: Seat, asked: Errand<Value>, sender: Sender<Value>): void {
  const { world, place } = seat
  if (sender.trip.state === 'over') return
  sender.trip.state = 'there'
  if (!canReach(seat)) {
    world.time.after(silentMs(world), () => answer(seat, sender, () => sender.reject(unreachable(seat))))
    return
  }
  const { boot } = place
  const fault = drawFault(world)
  if (fault !== 'none') world.trace?.push(faultText(seat, asked, fault))
  const isLost = fault === 'lost before' || fault === 'lost after'
  if (isLost) world.time.after(between(world, 0, lostWithinMs), () => loseConnection(seat))
  const sendBack = (ended: Ended<Value>): void => {
    if (isLost) return
    const settle = (): void => (ended.ok ? sender.resolve(ended.value) : sender.reject(ended.error))
    comeBack(seat, sender, { boot, settle })
  }
  const ended = perform(seat, asked, fault)
  if (ended instanceof Promise) ended.then(sendBack).catch(world.time.fail)
  else sendBack(ended)
}

interface Back {
  readonly boot: number
  readonly settle: () => void
}

/** A line that is cut for a moment only delays what is said. One that stays cut is given up, and its trips with it. */
function comeBack<Value>(seat: Seat, sender: Sender<Value>, { boot, settle }: Back): void {
  const { world, place } = seat
  const arrive = (): void => {
    if (place.boot !== boot || sender.trip.state === 'over') return
    if (canReach(seat)) answer(seat, sender, settle)
    else world.time.after(repeatMs, arrive)
  }
  world.time.after(latencyMs(world), arrive)
}

function answer<Value>({ trips, deployer }: Seat, { trip }: Sender<Value>, settle: () => void): void {
  if (trip.state === 'over') return
  trip.state = 'over'
  trips.delete(trip)
  if (deployer.life === 'alive') settle()
}

type Ended<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly error: UserError }

/** Most of what is asked for is done at once; a promise for each of those would be most of what a simulation costs. */
type Soon<Value> = Value | Promise<Value>

function whenDone<Value, Next>(value: Soon<Value>, carryOn: (value: Value) => Soon<Next>): Soon<Next> {
  return value instanceof Promise ? value.then(carryOn) : carryOn(value)
}

function perform<Value>(seat: Seat, asked: Errand<Value>, fault: Fault): Soon<Ended<Value>> {
  const { world } = seat
  if (isBeforeEffect(fault) || (fault === 'half' && asked.canBeHalf === undefined)) {
    const failed = failure(seat, asked, fault)
    return fault === 'hang before' ? passed(world, asked.timeoutMs).then(() => failed) : failed
  }
  return whenDone(fenced(seat, asked), (inside) =>
    inside.ok ? performInside(seat, asked, { fault, ...inside.value }) : inside,
  )
}

interface Inside {
  readonly fault: Fault
  readonly running: Running
  /** Ends the step. */
  readonly leave: () => void
}

function performInside<Value>(seat: Seat, asked: Errand<Value>, { fault, running, leave }: Inside): Soon<Ended<Value>> {
  const { world } = seat
  const deadlineMs = world.time.now() + asked.timeoutMs
  const done = finish(asked, workOf(seat, asked, { isHalf: fault === 'half', running, deadlineMs }))
  const waited = fault === 'hang after' ? waitUntil(world, done, deadlineMs) : done
  return whenDone(waited, (ended) => {
    leave()
    if (!ended.ok) return ended
    if (running.isEnded) return failure(seat, asked, 'half')
    if (fault !== 'none') return failure(seat, asked, fault)
    return world.time.now() > deadlineMs ? failure(seat, asked, 'hang after') : ended
  })
}

async function waitUntil<Value>(world: World, done: Soon<Value>, deadlineMs: number): Promise<Value> {
  const value = await done
  await passed(world, Math.max(0, deadlineMs - world.time.now()))
  return value
}

function isBeforeEffect(fault: Fault): boolean {
  return fault === 'before' || fault === 'hang before' || fault === 'lost before'
}

function workOf(
  { world, place, deployer }: Seat,
  { fence }: Pick<Errand<unknown>, 'fence'>,
  { isHalf, running, deadlineMs }: Pick<Work, 'isHalf'> & Pick<Inside, 'running'> & { readonly deadlineMs: number },
): Work {
  const { boot } = place
  return {
    who: { kind: 'deploy', deployer: deployer.name, token: fence?.token ?? null },
    isHalf,
    isOver: () => place.boot !== boot || running.isEnded || world.time.now() > deadlineMs,
  }
}

function finish<Value>(asked: Errand<Value>, work: Work): Soon<Ended<Value>> {
  try {
    const value = asked.work(work)
    return value instanceof Promise ? value.then(ended, refused) : ended(value)
  } catch (error) {
    return refused(error)
  }
}

function ended<Value>(value: Value): Ended<Value> {
  return { ok: true, value }
}

function refused(error: unknown): Ended<never> {
  if (error instanceof UserError) return { ok: false, error }
  throw error
}

type Entered = Pick<Inside, 'running' | 'leave'>

function fenced({ world }: Seat, { fence, isLasting = false }: Errand<unknown>): Soon<Ended<Entered>> {
  if (fence === null) return open
  const { box, token } = fence
  const { step } = box
  const { running } = step
  // Whoever has taken the lock over ends what it finds.
  if (running !== null && running.token !== token && box.disk.lock?.token === token) endStep(running)
  return whenDone(enterStep(step, world.time), (leave) => {
    if (leave === null) return refusedStep('host-command', `${box.name}: an earlier step is still running here`)
    if (box.disk.lock?.token === token) {
      step.running = { token, isLasting, isEnded: false }
      return { ok: true, value: { running: step.running, leave } }
    }
    leave()
    return refusedStep('locked', `${box.name}: another deploy has taken over the lock, or the lock was removed`)
  })
}

const open: Ended<Entered> = {
  ok: true,
  value: { running: { token: '', isLasting: true, isEnded: false }, leave: () => undefined },
}

/** It never began. */
function refusedStep(code: ErrorCode, text: string): Ended<never> {
  return { ok: false, error: new UserError(code, text, { cause: { isBegun: false } }) }
}

type Fault = 'none' | 'before' | 'after' | 'half' | 'hang before' | 'hang after' | 'lost before' | 'lost after'

const hiddenChance = 0.5
const lostWithinMs = 2_000
const repeatMs = 1_000

function drawFault({ dice, dials }: World): Fault {
  const { failsBefore, failsAfter, failsHalfWay, hangs, losesConnection } = dials
  if (!dice.chance(failsBefore + failsAfter + failsHalfWay + hangs + losesConnection)) return 'none'
  if (dice.chance(shareOf(failsBefore, failsAfter, failsHalfWay, hangs, losesConnection))) return 'before'
  if (dice.chance(shareOf(failsAfter, failsHalfWay, hangs, losesConnection))) return 'after'
  if (dice.chance(shareOf(failsHalfWay, hangs, losesConnection))) return 'half'
  const isHidden = dice.chance(hiddenChance)
  if (dice.chance(shareOf(hangs, losesConnection))) return isHidden ? 'hang after' : 'hang before'
  return isHidden ? 'lost after' : 'lost before'
}

function faultText({ deployer, place, world }: Seat, { what }: Errand<unknown>, fault: Fault): string {
  return `${clockTime(world.time.now())} ${deployer.name}: fault \`${fault}\` at ${place.name} (${what})`
}

function shareOf(part: number, ...others: readonly number[]): number {
  return part / others.reduce((sum, other) => sum + other, part)
}

function failure(seat: Seat, { code, what, timeoutMs }: Errand<unknown>, fault: Fault): Ended<never> {
  const timedOut = fault.startsWith('hang')
  const how = timedOut ? `: not done within ${timeoutMs / 1000} s` : ''
  return { ok: false, error: new UserError(code, `${seat.place.name}: ${what}${how}`, { cause: { timedOut } }) }
}

const quickMs = 30
const slowMs = 5_000

function latencyMs(world: World): number {
  return between(world, 1, world.dice.chance(world.dials.slow) ? slowMs : quickMs)
}
