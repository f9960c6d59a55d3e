/** Everything works again: power, lines, balancers. What deploys left behind stays as it is. */

import { operator } from '../fleet/change.ts'
import { giveHostPower, mendToBalancer, startBalancer } from '../fleet/machines.ts'
import { hasPool } from '../fleet/pools.ts'
import { leaveOut } from '../fleet/rotation.ts'
import type { Stage } from './simulate.ts'

/** Until the last lock of a deployer that was cut off is given up, and the longest request has ended. */
const calmMs = 6 * 60_000
/** The time limit of the longest step, which may go on after its deployer's death. */
const stepMsMax = 21 * 60_000

export async function heal({ world, time }: Stage): Promise<void> {
  for (const balancer of world.balancers) {
    startBalancer(world, balancer)
    for (const box of world.hosts.values()) mendToBalancer(world, box, balancer)
    const byHand = balancer.out.filter((host) => !balancer.ours.includes(host))
    const out = balancer.out.filter((host) => !byHand.includes(host))
    if (byHand.length > 0) leaveOut(world, balancer, { out: hasPool(world, out) ? out : [], byHand: [], who: operator })
  }
  for (const box of world.hosts.values()) {
    giveHostPower(world, box, 'starts')
    box.cutFrom.clear()
  }
  const calmAtMs = time.now() + calmMs
  const untilMs = time.now() + stepMsMax
  // Something has to happen then, or time would not come so far.
  time.at(calmAtMs, () => undefined)
  time.at(untilMs, () => undefined)
  const isBusy = (): boolean => [...world.hosts.values()].some(({ step }) => step.isBusy)
  await time.run({ isOver: () => time.now() >= calmAtMs && !isBusy(), untilMs })
}
