/**
 * An imagined fleet with faults, on which the production core is played. It shares no code with the core, and judges
 * every change of the world by the promises themselves.
 */
import type { Action, HostName, Observation, ReleaseId } from '../../src/rollout/model.ts'
import type { Dice } from './random.ts'

export interface Box {
  linked: ReleaseId | null
  running: ReleaseId | null
  verified: ReleaseId | null
  isOut: boolean
  isPowered: boolean
  /** Its release turned bad after a while; another start mends that. */
  isSick: boolean
  byHand: boolean
}

export interface Faults {
  /** Chance that a step reports failure. */
  readonly error: number
  /** Chance that a failure hides an effect that did happen. */
  readonly hidden: number
  /** Hosts on which the new release never answers healthily. */
  readonly badOn: readonly HostName[]
  /** Chance, at each event, that some host loses its power. */
  readonly power: number
  /** Chance, at each event, that some host on the new release turns ill. */
  readonly sick: number
  /** Chance that the balancer does not answer. */
  readonly blind: number
}

export interface World {
  readonly boxes: Map<HostName, Box>
  readonly faults: Faults
  readonly minServing: number
  readonly rotation: boolean
  readonly dice: Dice
  /** False: what ran before is nothing that could be activated again. */
  readonly canReturn: boolean
  /** Hosts that lost their power since balancer and health were last asked: nobody could know. */
  readonly unnoticed: Set<HostName>
}

export function isHealthy(world: World, host: HostName): boolean {
  const box = boxOf(world, host)
  if (!box.isPowered || box.isSick || box.running === null) return false
  return !(box.running === 'new' && world.faults.badOn.includes(host))
}

export function serving(world: World): number {
  return [...world.boxes].filter(([host, box]) => isHealthy(world, host) && !box.isOut).length
}

export function look(world: World): Observation {
  world.unnoticed.clear()
  const hosts = [...world.boxes.keys()]
  const out = hosts.filter((host) => boxOf(world, host).isOut)
  return {
    out,
    mixed: [],
    byHand: out.filter((host) => boxOf(world, host).byHand),
    healthy: hosts.filter((host) => isHealthy(world, host)),
  }
}

/** Performs an action. Returns null where it was done, or why not. Throws where a promise is broken. */
export function perform(world: World, action: Action): string | null {
  const { dice, faults } = world
  const isFault = dice.chance(action.type === 'observe' || action.type === 'publish' ? faults.blind : faults.error)
  if (isFault && !dice.chance(faults.hidden)) return 'fault before its effect'
  const refused = change(world, action)
  if (refused !== null) return refused
  return isFault ? 'fault after its effect' : null
}

function change(world: World, action: Action): string | null {
  switch (action.type) {
    case 'observe':
      return null
    case 'give-up':
      return action.reason
    case 'publish':
      return publish(world, action.out)
    case 'stop':
      return touch(world, action.host, (box) => {
        box.running = null
      })
    case 'step':
      return step(world, action)
  }
}

function publish(world: World, out: readonly HostName[]): string | null {
  if (out.length >= world.boxes.size) throw new Error('promise 4: every host is to be left out')
  const before = serving(world) + [...world.unnoticed].filter((host) => !boxOf(world, host).isOut).length
  for (const [host, box] of world.boxes) {
    const goesIn = box.isOut && !out.includes(host)
    if (goesIn && (box.verified === null || box.verified !== box.running))
      throw new Error(`promise 3: ${host} is put back unverified`)
    if (goesIn && box.byHand) throw new Error(`${host} was taken out by hand, and is put back`)
    box.isOut = out.includes(host)
  }
  const unnoticed = [...world.unnoticed].filter((host) => !boxOf(world, host).isOut).length
  const after = serving(world) + unnoticed
  if (after < before && after < world.minServing)
    throw new Error(`promise 1: ${after} serve, before it were ${before}, min-serving ${world.minServing}`)
  return null
}

function step(world: World, action: Extract<Action, { type: 'step' }>): string | null {
  const box = boxOf(world, action.host)
  if (!box.isPowered) return `${action.host} does not answer`
  switch (action.step) {
    case 'drain':
      return null
    case 'confirm':
      return isHealthy(world, action.host) && !box.isOut ? null : 'not reached'
    case 'verify':
      if (!isHealthy(world, action.host) || box.running !== action.release) return 'unhealthy'
      box.verified = action.release
      return null
    case 'activate':
      if (action.release === 'old' && !world.canReturn) return 'no such release'
      box.linked = action.release
      return null
    case 'reload':
      return touch(world, action.host, (touched) => {
        touched.running = touched.linked
      })
  }
}

function touch(world: World, host: HostName, change: (box: Box) => void): string | null {
  const box = boxOf(world, host)
  if (!box.isPowered) return `${host} does not answer`
  if (world.rotation && !box.isOut)
    throw new Error(`promise 2: the processes of ${host} are touched while it is in rotation`)
  box.verified = null
  box.isSick = false
  change(box)
  return null
}

export function boxOf(world: World, host: HostName): Box {
  const box = world.boxes.get(host)
  if (box === undefined) throw new Error(`no box ${host}`)
  return box
}
