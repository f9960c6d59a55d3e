/** What happens to a fleet by itself, and by operators' hands, as often as the dials say. */
import type { Deployer } from './deployer.ts'
import {
  cutFromBalancer,
  cutFromDeployer,
  giveHostPower,
  loseHostPower,
  mendToBalancer,
  mendToDeployer,
  startBalancer,
  stopBalancer,
} from './machines.ts'
import { hasPool } from './pools.ts'
import { crash } from './process-life.ts'
import { forgetOutSet, leaveOutByHand } from './rotation.ts'
import { between, type Place, type World } from './world.ts'

const minuteMs = 60_000
const backMsMin = 1_000
const backMsMax = 120_000
const resurrectChance = 0.7
const grains = 1_000_000

/** Goes on as long as anybody deploys. */
export function letFateWork(world: World, deployers: readonly Deployer[]): void {
  const { dials } = world
  const often = (perMinute: number, strike: () => void): void => {
    if (perMinute === 0) return
    const again = (): void => {
      if (deployers.every(({ life }) => life === 'dead')) return
      strike()
      world.time.after(gapMs(world, perMinute), again)
    }
    world.time.after(gapMs(world, perMinute), again)
  }
  const hosts = [...world.hosts.values()]
  often(dials.losesPower, () => hitHost(world))
  often(dials.processDies, () => hitProcess(world))
  often(dials.cutFromDeployer, () => cutLine(world, { deployers, places: hosts }))
  often(dials.balancerCutFromDeployer, () => cutLine(world, { deployers, places: world.balancers }))
  often(dials.cutFromBalancer, () => cutUsers(world))
  often(dials.balancerRestarts, () => restartBalancer(world))
  often(dials.balancerForgets, () => withOne(world, world.balancers, (balancer) => forgetOutSet(world, balancer)))
  often(dials.takenOutByHand, () => takeOutByHand(world))
}

/** As of a radioactive atom: what has not happened for long is no likelier to happen now. */
function gapMs({ dice }: World, perMinute: number): number {
  return (-Math.log((1 + dice.below(grains)) / grains) * minuteMs) / perMinute
}

function hitHost(world: World): void {
  withOne(world, [...world.hosts.values()], (box) => {
    loseHostPower(world, box)
    const app = world.dice.chance(resurrectChance) ? 'starts' : 'stays down'
    comesBack(world, () => giveHostPower(world, box, app))
  })
}

function hitProcess(world: World): void {
  withOne(world, [...world.hosts.values()], (box) => {
    withOne(world, box.app.processes, (process) => crash(world, box, process))
  })
}

function cutLine(
  world: World,
  { deployers, places }: { readonly deployers: readonly Deployer[]; readonly places: readonly Place[] },
): void {
  withOne(world, places, (place) => {
    withOne(world, deployers, (deployer) => {
      cutFromDeployer(world, place, deployer)
      comesBack(world, () => mendToDeployer(world, place, deployer))
    })
  })
}

function cutUsers(world: World): void {
  withOne(world, [...world.hosts.values()], (box) => {
    withOne(world, world.balancers, (balancer) => {
      cutFromBalancer(world, box, balancer)
      comesBack(world, () => mendToBalancer(world, box, balancer))
    })
  })
}

/** The whole balancer is never gone for good: nobody would be served, whatever a deploy does. */
function restartBalancer(world: World): void {
  withOne(world, world.balancers, (balancer) => {
    stopBalancer(world, balancer)
    world.time.after(between(world, backMsMin, backMsMax), () => startBalancer(world, balancer))
  })
}

/** One more host, at every machine of the balancer, and never the last. */
function takeOutByHand(world: World): void {
  withOne(world, [...world.hosts.keys()], (host) => {
    for (const balancer of world.balancers) {
      const out = [...new Set([...balancer.out, host])]
      if (hasPool(world, out) && balancer.power === 'on') leaveOutByHand(world, balancer, out)
    }
  })
}

function comesBack(world: World, happen: () => void): void {
  if (world.dice.chance(world.dials.neverComesBack)) return
  world.time.after(between(world, backMsMin, backMsMax), happen)
}

function withOne<Item>({ dice }: World, items: readonly Item[], strike: (item: Item) => void): void {
  const item = items[dice.below(items.length)]
  if (item !== undefined) strike(item)
}
