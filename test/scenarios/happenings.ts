/** What can happen to a fleet, and to those who deploy to it, as a scenario says it. */
import { die } from '../simulation/fleet/deployer.ts'
import {
  cutFromBalancer,
  cutFromDeployer,
  giveHostPower,
  loseHostPower,
  mendToBalancer,
  mendToDeployer,
} from '../simulation/fleet/machines.ts'
import { forgetOutSet, leaveOutByHand } from '../simulation/fleet/rotation.ts'
import { boxOf, type Place, type World } from '../simulation/fleet/world.ts'
import type { Actor } from './actor.ts'
import { readSpan } from './phrases.ts'
import type { Stage } from './stage.ts'

/** The step that it happens in. */
export interface Meanwhile {
  readonly step: string
  readonly host: string
  readonly actor: Actor | null
  /** False: it has just ended. */
  readonly isUnderWay: boolean
  readonly deployBeside: () => void
}

type Happen = (stage: Stage, words: readonly string[], meanwhile: Meanwhile) => void

/** A step under way is not ended before it has begun on its host. */
const underWayMs = 50

const known: readonly (readonly [RegExp, Happen])[] = [
  [/^(\S+) loses its power$/, ({ world }, [host = '']) => loseHostPower(world, boxOf(world, host))],
  [/^(\S+) has power again$/, ({ world }, [host = '']) => giveHostPower(world, boxOf(world, host), 'starts')],
  [/^(\S+) falls ill$/, ({ world }, [host = '']) => turnIll(world, host)],
  [/^(\S+) cannot be reached$/, (stage, [name = '']) => cut(stage, name)],
  [/^(\S+) can be reached again$/, (stage, [name = '']) => mend(stage, name)],
  [/^the balancer does not reach (\S+)$/, ({ world }, [host = '']) => cutUsers(world, host)],
  [/^the balancer reaches (\S+) again$/, ({ world }, [host = '']) => mendUsers(world, host)],
  [
    /^(\S+) starts anew and leaves out nobody$/,
    ({ world }, [name = '']) => forgetOutSet(world, balancerOf(world, name)),
  ],
  [/^an operator takes out (\S+)$/, ({ world }, [host = '']) => takeOutByHand(world, host)],
  [/^an operator puts in (\S+)$/, ({ world }, [host = '']) => putInByHand(world, host)],
  [
    /^a request goes on for (\d+ [sm]) on (\S+)$/,
    ({ world }, [span = '', host = '']) => goOn(world, host, readSpan(span)),
  ],
  [
    /^(\S+) is (killed|cut off)$/,
    (stage, [name = '', how], meanwhile) =>
      soon(stage, meanwhile, () =>
        die(stage.world, actorOf(stage, name).deployer, how === 'killed' ? 'killed' : 'cut off'),
      ),
  ],
  [
    /^(\S+) loses every line$/,
    (stage, [name = ''], meanwhile) => soon(stage, meanwhile, () => everyLine(stage, name, cutFromDeployer)),
  ],
  [/^(\S+) has its lines again$/, (stage, [name = '']) => everyLine(stage, name, mendToDeployer)],
  [/^(\S+) presses Ctrl-C$/, (stage, [name = '']) => actorOf(stage, name).interrupt()],
  [/^(\S+) deploys$/, (_stage, _words, { deployBeside }) => deployBeside()],
  [/^it fails$/, (_stage, _words, meanwhile) => arm(meanwhile, 'not done')],
  [/^it is done, and said to have failed$/, (_stage, _words, meanwhile) => arm(meanwhile, 'done all the same')],
]

export function happen(stage: Stage, what: string, meanwhile: Meanwhile): void {
  for (const [sentence, act] of known) {
    const match = sentence.exec(what)
    if (match === null) continue
    act(stage, match.slice(1), meanwhile)
    return
  }
  throw new Error(`nobody knows what it means that ${what}`)
}

function arm({ step, host, actor }: Meanwhile, fault: 'not done' | 'done all the same'): void {
  const isPublished = step === 'take-out' || step === 'put-back'
  actor?.faults.set(isPublished ? step : `${step} ${host}`, fault)
}

function turnIll(world: World, host: string): void {
  for (const process of boxOf(world, host).app.processes) process.wellness = 'ill'
}

function placeOf(world: World, name: string): Place {
  return name === 'balancer' || name.startsWith('lb-') ? balancerOf(world, name) : boxOf(world, name)
}

function balancerOf({ balancers }: World, name: string) {
  const [first] = balancers
  const found = balancers.find((balancer) => balancer.name === name) ?? first
  if (found === undefined) throw new Error('there is no balancer')
  return found
}

function cut({ world, actors, unreachable }: Stage, name: string): void {
  const place = placeOf(world, name)
  unreachable.add(place.name)
  for (const { deployer } of actors) cutFromDeployer(world, place, deployer)
}

function mend({ world, actors, unreachable }: Stage, name: string): void {
  const place = placeOf(world, name)
  unreachable.delete(place.name)
  for (const { deployer } of actors) mendToDeployer(world, place, deployer)
}

function cutUsers(world: World, host: string): void {
  for (const balancer of world.balancers) cutFromBalancer(world, boxOf(world, host), balancer)
}

function mendUsers(world: World, host: string): void {
  for (const balancer of world.balancers) mendToBalancer(world, boxOf(world, host), balancer)
}

function takeOutByHand(world: World, host: string): void {
  for (const balancer of world.balancers) leaveOutByHand(world, balancer, [...balancer.out, host])
}

function putInByHand(world: World, host: string): void {
  for (const balancer of world.balancers)
    leaveOutByHand(
      world,
      balancer,
      balancer.out.filter((other) => other !== host),
    )
}

function goOn(world: World, host: string, ms: number): void {
  for (const balancer of world.balancers) balancer.requests.set(host, [world.time.now() + ms])
}

function everyLine(stage: Stage, name: string, change: typeof cutFromDeployer): void {
  const { world } = stage
  const { deployer } = actorOf(stage, name)
  for (const place of [...world.hosts.values(), ...world.balancers]) change(world, place, deployer)
}

function soon({ time }: Stage, { isUnderWay }: Meanwhile, happens: () => void): void {
  if (isUnderWay) time.after(underWayMs, happens)
  else happens()
}

function actorOf({ actors }: Stage, name: string): Actor {
  const found = actors.find((actor) => actor.name === name)
  if (found === undefined) throw new Error(`nobody is called ${name}`)
  return found
}
