/** The imagined fleet of a scenario, before anything happens to it. */
import type { EnvironmentConfig } from '../../src/config/types.ts'
import type { HostName } from '../../src/rollout/model.ts'
import { type VirtualTime, virtualTime } from '../simulation/clock/timeline.ts'
import { push, standOn, standOnSomethingElse } from '../simulation/fleet/beginnings.ts'
import { loseHostPower } from '../simulation/fleet/machines.ts'
import { wellCommit } from '../simulation/fleet/repository.ts'
import { leaveOutByHand } from '../simulation/fleet/rotation.ts'
import { boxOf, createWorld, type World } from '../simulation/fleet/world.ts'
import type { Dice } from '../simulation/random.ts'
import type { Actor } from './actor.ts'
import type { Scenario } from './header.ts'
import { readNames } from './phrases.ts'
import { type Telling, tellWorld } from './telling.ts'

export interface Stage {
  readonly scenario: Scenario
  readonly hosts: readonly HostName[]
  readonly config: EnvironmentConfig
  readonly world: World
  readonly time: VirtualTime
  readonly actors: Actor[]
  readonly telling: Telling
  /** Machines that nobody who deploys can reach. */
  readonly unreachable: Set<string>
  commits: number
}

export const oldRelease = { id: '20261120120000-1111111', sha: '1'.repeat(40) }

export function hostsOf({ settings }: Scenario): readonly HostName[] {
  return readNames(settings.get('hosts')).map((word) => word.split('=')[0] ?? '')
}

export function setStage(scenario: Scenario, config: EnvironmentConfig, telling: Telling): Stage {
  const { settings } = scenario
  const said = readNames(settings.get('hosts')).map((word) => word.split('='))
  const hosts = hostsOf(scenario)
  const time = virtualTime()
  const world = createWorld({
    time,
    dice: steadyDice,
    hosts,
    balancers: Number(settings.get('balancers') ?? 1),
    batches: config.rollout.batches.map((batch) => batch.hosts),
    mode: settings.get('mode') === 'fork' ? 'fork' : 'cluster',
  })
  push(world, 'main', wellCommit(oldRelease.sha))
  for (const [host = '', state = 'old'] of said) standAtStart(world, host, state)
  const byHand = readNames(settings.get('by hand'))
  if (byHand.length > 0) for (const balancer of world.balancers) leaveOutByHand(world, balancer, byHand)
  world.onChange = (change) => tellWorld(telling, world, change)
  const rest = { actors: [], telling, unreachable: new Set<string>(), commits: 1 }
  return { scenario, hosts, config, world, time, ...rest }
}

function standAtStart(world: World, host: HostName, state: string): void {
  const box = boxOf(world, host)
  if (state === 'foreign') standOnSomethingElse(world, host)
  else if (state !== 'empty') standOn(world, { ...oldRelease, on: [host] })
  if (state === 'down') for (const process of box.app.processes) process.wellness = 'ill'
  if (state === 'off') loseHostPower(world, box)
}

/** Nothing is left to chance: everything takes the least time that it can, and a closed line is heard of late. */
const steadyDice: Dice = {
  below: () => 0,
  pick: (items) => {
    const [first] = items
    if (first === undefined) throw new Error('there is nothing to pick from')
    return first
  },
  chance: (p) => p > 1 / 2,
}
