/** Who is in rotation and serves, as users feel it; and the hands that change it. */
import type { HostName } from '../../../src/rollout/model.ts'
import { wellness } from './app.ts'
import { fate, operator, type Who } from './change.ts'
import { type BalancerBox, between, boxOf, happen, type World } from './world.ts'

/** Some machine of the balancer sends it requests. */
export function isInRotation({ balancers }: World, host: HostName): boolean {
  return balancers.length === 0 || balancers.some(({ out }) => !out.includes(host))
}

/** Whoever comes by any machine of the balancer gets a good answer from it. */
export function isServing(world: World, host: HostName): boolean {
  const isSent = ({ out, cutFromHosts }: BalancerBox): boolean => !out.includes(host) && !cutFromHosts.has(host)
  return isWell(world, host) && world.balancers.every(isSent)
}

export function isWell(world: World, host: HostName): boolean {
  const box = boxOf(world, host)
  return box.power === 'on' && wellness(box) === 'well'
}

const requestsMax = 4
const requestMsMax = 3_000
const longRequestMsMax = 5 * 60_000

/** How many requests that this machine sent still run there. One that sends it requests never comes to an end with them. */
export function requestsLeft(world: World, balancer: BalancerBox, host: HostName): number {
  if (boxOf(world, host).power === 'off') return 0
  const left = balancer.requests.get(host)?.filter((endsMs) => endsMs > world.time.now()).length ?? 0
  return balancer.out.includes(host) ? left : Math.max(1, left)
}

export interface OutSet {
  readonly out: readonly HostName[]
  readonly byHand: readonly HostName[]
}

/** Makes the out set so at one machine, all at once. */
export function leaveOut(
  world: World,
  balancer: BalancerBox,
  { out, byHand, who }: OutSet & { readonly who: Who },
): void {
  const before = balancer.out
  for (const host of out) if (!before.includes(host)) balancer.requests.set(host, requestsNow(world, balancer, host))
  balancer.out = [...world.hosts.keys()].filter((host) => out.includes(host))
  balancer.ours = balancer.out.filter((host) => !byHand.includes(host))
  balancer.by = who.kind === 'deploy' ? who.token : null
  happen(world, who, { type: 'out', balancer: balancer.name, before, out: balancer.out, byHand })
}

/** An operator leaves out just these, at one machine. Whom a deploy had out before is still the deploy's. */
export function leaveOutByHand(world: World, balancer: BalancerBox, out: readonly HostName[]): void {
  leaveOut(world, balancer, { out, byHand: out.filter((host) => !balancer.ours.includes(host)), who: operator })
}

/** It knows nothing of any out set any more: everybody is in. */
export function forgetOutSet(world: World, balancer: BalancerBox): void {
  leaveOut(world, balancer, { out: [], byHand: [], who: fate })
}

function requestsNow(world: World, balancer: BalancerBox, host: HostName): readonly number[] {
  const known = balancer.requests.get(host)?.filter((endsMs) => endsMs > world.time.now()) ?? []
  if (known.length > 0 || !world.dice.chance(world.dials.traffic)) return known
  return Array.from({ length: 1 + world.dice.below(requestsMax) }, () => {
    const isLong = world.dice.chance(world.dials.longRequest)
    return world.time.now() + between(world, 1, isLong ? longRequestMsMax : requestMsMax)
  })
}
