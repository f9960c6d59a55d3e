import { apply, begin } from '../../src/rollout/apply.ts'
import { decide, isFinished } from '../../src/rollout/decide.ts'
import type { Action, Event, HostAtStart, Outcome, Plan, Rollout } from '../../src/rollout/model.ts'
import { outcome } from '../../src/rollout/outcome.ts'
import { rehearse } from '../../src/rollout/rehearse.ts'
import { type Dice, random } from './random.ts'
import { type Box, boxOf, isHealthy, look, perform, serving, type World } from './world.ts'

const eventsMax = 2_000

/** Plays one whole deploy. Returns its end; throws where a promise to the user is broken, with the trace. */
export function simulate(seed: number): { readonly trace: readonly string[]; readonly outcome: Outcome } {
  const dice = random(seed)
  const world = imagine(dice)
  const trace: string[] = []
  try {
    const rollout = play(world, dice, trace)
    const end = outcome(rollout)
    judge(world, rollout, end)
    return { trace, outcome: end }
  } catch (error) {
    throw new Error(`seed ${seed}: ${String(error)}\n${trace.join('\n')}`, { cause: error })
  }
}

function play(world: World, dice: Dice, trace: string[]): Rollout {
  const goal = plan(world, dice)
  const rehearsed = rehearse(goal, look(world)).outcome.kind
  let rollout = begin(goal, look(world))
  trace.push(
    `${world.boxes.size} hosts, batches ${JSON.stringify(rollout.plan.batches)}, min-serving ${world.minServing}, ${JSON.stringify(world.faults)}`,
  )
  for (const [host, box] of world.boxes)
    trace.push(`${host}: ${JSON.stringify(box)} from ${rollout.plan.hosts.find((each) => each.host === host)?.from}`)
  const flying: Action[] = []
  const interruptAt = dice.chance(0.15) ? dice.below(30) : -1
  for (let count = 0; count < eventsMax; count++) {
    if (count === interruptAt) rollout = happen(rollout, { type: 'interrupted', reason: 'Ctrl-C' }, trace)
    for (const action of decide(rollout)) {
      rollout = happen(rollout, { type: 'started', action }, trace)
      flying.push(action)
    }
    if (flying.length === 0) {
      if (!isFinished(rollout)) throw new Error('nothing is under way, and it is not finished')
      if (isQuiet(world) && rollout.interrupted === null && outcome(rollout).kind !== rehearsed)
        throw new Error(`nothing failed, and it does not end as rehearsed: ${rehearsed}`)
      return rollout
    }
    losePower(world, dice, trace)
    turnIll(world, dice, trace)
    if (rollout.doing === null && dice.chance(0.1))
      rollout = happen(rollout, { type: 'observed', observation: look(world) }, trace)
    const [action] = flying.splice(dice.below(flying.length), 1)
    if (action !== undefined) rollout = finish(world, rollout, action, trace)
  }
  throw new Error(`promise 7: not finished after ${eventsMax} events`)
}

function finish(world: World, rollout: Rollout, action: Action, trace: string[]): Rollout {
  const refused = perform(world, action)
  if (refused !== null) return happen(rollout, { type: 'failed', action, reason: refused }, trace)
  const done = happen(rollout, { type: 'done', action }, trace)
  return action.type === 'observe' ? happen(done, { type: 'observed', observation: look(world) }, trace) : done
}

function happen(rollout: Rollout, event: Event, trace: string[]): Rollout {
  trace.push(JSON.stringify(event))
  return apply(rollout, event)
}

function losePower(world: World, dice: Dice, trace: string[]): void {
  if (!dice.chance(world.faults.power)) return
  const host = `h${dice.below(world.boxes.size)}`
  if (boxOf(world, host).isPowered && isHealthy(world, host)) world.unnoticed.add(host)
  boxOf(world, host).isPowered = false
  trace.push(`${host} loses its power`)
}

function turnIll(world: World, dice: Dice, trace: string[]): void {
  if (!dice.chance(world.faults.sick)) return
  const host = `h${dice.below(world.boxes.size)}`
  const box = boxOf(world, host)
  if (box.running !== 'new' || !isHealthy(world, host)) return
  world.unnoticed.add(host)
  box.isSick = true
  trace.push(`${host} turns ill`)
}

function judge(world: World, rollout: Rollout, end: Outcome): void {
  for (const { host, release, state } of end.hosts) {
    const box = boxOf(world, host)
    if (state === 'serving' && !(isHealthy(world, host) && !box.isOut))
      throw new Error(`promise 7: ${host} is said to serve, and does not`)
    if ((state === 'serving' || state === 'out by hand') && release !== null && box.running !== release)
      throw new Error(`promise 7: ${host} is said to run ${release}`)
    if (state === 'lost' && !box.isOut) throw new Error(`promise 7: ${host} is said to be lost, and is in rotation`)
  }
  const isAllNew = [...world.boxes].every(([host, box]) => box.running === 'new' && isHealthy(world, host))
  if (
    (end.kind === 'deployed' || end.kind === 'unchanged') !==
    (end.hosts.every(({ release }) => release === 'new') &&
      isAllNew &&
      end.hosts.every(({ state }) => state === 'serving' || state === 'out by hand'))
  )
    throw new Error(`promise 8: ${end.kind} with ${JSON.stringify(end.hosts)}`)
  const isHurt = end.hosts.some(({ host, state }) => state === 'not serving' && rollout.servedAtStart.includes(host))
  if (end.kind === 'interrupted' && isHurt) throw new Error('130 is said to be safe, and a host that served does not')
  if (
    serving(world) === 0 &&
    world.faults.power + world.faults.sick === 0 &&
    rollout.servedAtStart.length > 0 &&
    world.rotation &&
    world.boxes.size > 1
  )
    throw new Error('nobody serves any more, and no host lost its power')
}

function isQuiet({ faults, canReturn }: World): boolean {
  return canReturn && faults.error + faults.power + faults.sick + faults.blind === 0 && faults.badOn.length === 0
}

function imagine(dice: Dice): World {
  const count = 1 + dice.below(8)
  const hosts = Array.from({ length: count }, (_, index) => `h${index}`)
  const isEmpty = dice.chance(0.1)
  const boxes = new Map(hosts.map((host) => [host, isEmpty ? box(null) : box('old')]))
  for (const each of boxes.values()) if (!isEmpty) disturb(each, dice)
  if ([...boxes.values()].every(({ isOut }) => isOut))
    for (const each of boxes.values()) each.isOut = each.byHand = false
  const faults = {
    error: dice.chance(0.5) ? 0.12 : 0,
    hidden: 0.5,
    badOn: hosts.filter(() => dice.chance(0.15)).slice(0, dice.chance(0.4) ? 3 : 0),
    power: dice.chance(0.3) ? 0.03 : 0,
    sick: dice.chance(0.2) ? 0.1 : 0,
    blind: dice.chance(0.3) ? 0.1 : 0,
  }
  const rotation = count > 1 && dice.chance(0.9)
  return {
    boxes,
    faults,
    minServing: count === 1 ? 0 : 1 + dice.below(count - 1),
    rotation,
    dice,
    unnoticed: new Set(),
    canReturn: dice.chance(0.9),
  }
}

function box(release: 'old' | null): Box {
  return {
    linked: release,
    running: release,
    verified: release,
    isOut: false,
    isPowered: true,
    isSick: false,
    byHand: false,
  }
}

/** What an earlier deploy that was cut off, or an operator, may have left behind. */
function disturb(each: Box, dice: Dice): void {
  const what = dice.below(40)
  if (what < 3) each.isOut = each.byHand = true
  if (what >= 3 && what < 6) {
    each.isOut = true
    each.linked = 'new'
    each.running = dice.chance(0.5) ? 'new' : null
    each.verified = null
  }
  if (what >= 6 && what < 9) each.linked = each.running = each.verified = 'new'
  if (what >= 9 && what < 11) each.running = each.verified = null
}

function plan(world: World, dice: Dice): Plan {
  const names = [...world.boxes.keys()]
  const size = world.rotation ? 1 + dice.below(Math.max(1, names.length - world.minServing)) : 1
  const batches = names.flatMap((_, index) => (index % size === 0 ? [names.slice(index, index + size)] : []))
  if (!world.rotation) for (const each of world.boxes.values()) each.isOut = each.byHand = false
  return {
    goal: 'new',
    batches,
    hosts: names.map((host) => atStart(world, host)),
    minServing: world.minServing,
    onFailure: dice.chance(0.8) ? 'rollback' : 'stop',
    rotation: world.rotation,
    canPublish: (out) => out.length < names.length && (out.length <= size + 1 || dice.chance(0)),
  }
}

function atStart(world: World, host: string): HostAtStart {
  const { running, linked } = boxOf(world, host)
  const isWell = isHealthy(world, host)
  const wasEmpty = running === null && linked === null
  if (isWell) boxOf(world, host).verified = running
  return { host, from: wasEmpty ? null : 'old', canReturn: world.canReturn, runs: isWell ? running : null }
}
