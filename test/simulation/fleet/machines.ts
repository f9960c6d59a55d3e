/** Power and lines: what happens to machines, whoever deploys. */
import { startWorkers } from './app.ts'
import { fate } from './change.ts'
import type { Deployer } from './deployer.ts'
import { release } from './holding.ts'
import { fallSilent } from './seat.ts'
import { freeStep } from './step.ts'
import { type BalancerBox, type Box, happen, type Place, type World } from './world.ts'

/** Its processes are gone, and all that was under way there; its disk stays. */
export function loseHostPower(world: World, box: Box): void {
  if (box.power === 'off') return
  turnOff(box)
  box.app.processes = []
  box.step = freeStep()
  happen(world, fate, { type: 'power', host: box.name, to: 'off' })
  if (box.holding !== null) release(world, box.holding, { why: 'the host has no power', who: fate })
}

/** `app`: whether the manager starts again, by itself, what `current` leads to. */
export function giveHostPower(world: World, box: Box, app: 'starts' | 'stays down'): void {
  if (box.power === 'on') return
  box.power = 'on'
  happen(world, fate, { type: 'power', host: box.name, to: 'on' })
  if (app === 'starts' && box.disk.current.kind === 'release') startWorkers(world, box, fate)
}

export function stopBalancer(world: World, balancer: BalancerBox): void {
  if (balancer.power === 'off') return
  turnOff(balancer)
  happen(world, fate, { type: 'balancer', balancer: balancer.name, to: 'off' })
  if (balancer.holding !== null) release(world, balancer.holding, { why: 'its machine has no power', who: fate })
}

export function startBalancer(world: World, balancer: BalancerBox): void {
  if (balancer.power === 'on') return
  balancer.power = 'on'
  happen(world, fate, { type: 'balancer', balancer: balancer.name, to: 'on' })
}

export function cutFromDeployer(world: World, place: Place, deployer: Deployer): void {
  if (place.cutFrom.has(deployer.name)) return
  place.cutFrom.add(deployer.name)
  happen(world, fate, { type: 'line', from: deployer.name, to: place.name, state: 'cut' })
  const seat = deployer.seats.get(place.name)
  if (seat !== undefined) fallSilent(seat, () => place.cutFrom.has(deployer.name))
}

export function mendToDeployer(world: World, place: Place, deployer: Deployer): void {
  if (!place.cutFrom.delete(deployer.name)) return
  happen(world, fate, { type: 'line', from: deployer.name, to: place.name, state: 'up' })
}

export function cutFromBalancer(world: World, box: Box, balancer: BalancerBox): void {
  if (balancer.cutFromHosts.has(box.name)) return
  balancer.cutFromHosts.add(box.name)
  happen(world, fate, { type: 'line', from: balancer.name, to: box.name, state: 'cut' })
}

export function mendToBalancer(world: World, box: Box, balancer: BalancerBox): void {
  if (!balancer.cutFromHosts.delete(box.name)) return
  happen(world, fate, { type: 'line', from: balancer.name, to: box.name, state: 'up' })
}

function turnOff(place: Place): void {
  place.power = 'off'
  place.boot++
  for (const seat of place.seats) fallSilent(seat, () => true)
}
