/** What somebody who deploys works with, and what he asks for: the fleet through its ports, and the order. */
import { askInstead } from '../../src/commands/answer.ts'
import { orderOf } from '../../src/commands/order.ts'
import type { Fleet } from '../../src/engine/fleet.ts'
import type { Order } from '../../src/engine/order.ts'
import { UserError } from '../../src/errors.ts'
import { portsFor } from '../simulation/fleet/ports.ts'
import type { Actor } from './actor.ts'
import { withFaults } from './faults.ts'
import type { Stage } from './stage.ts'

/** As the configuration's defaults are. */
const healthTimes = { passes: 2, intervalMs: 250, stableMs: 3_000, startMs: 30_000, silentMs: 8_000 }

export function fleetFor(stage: Stage, { act, deployer, faults }: Actor, report: Fleet['report']): Fleet {
  const { world, config } = stage
  const { soakMs, pauseTimeoutMs, drainTimeoutMs, onDrainTimeout } = config.rollout
  const { machines, balancer, health, processesOf, clock } = withFaults(portsFor(world, deployer), faults)
  const { skip } = act.asked.wishes
  return {
    environment: config.environment,
    machines: machines.filter(({ name }) => !skip.includes(name)),
    skipped: skip,
    balancer,
    health,
    defaultManager: 'pm2',
    processesOf,
    times: { ...healthTimes, soakMs, pauseTimeoutMs, drainTimeoutMs },
    limits: config.timeouts,
    onDrainTimeout,
    clock,
    report: (each) => {
      if (deployer.life === 'alive') report(each)
    },
  }
}

export async function orderFor({ config }: Stage, { act, name }: Actor, { machines }: Fleet): Promise<Order> {
  const { wishes, answer } = act.asked
  if (answer === null) return { ...orderOf(config, wishes), by: name }
  const asked = await askInstead(answer, machines)
  if (asked === null) throw new UserError('usage', 'no deploy was cut off')
  return { ...orderOf(config, { ...wishes, goal: asked.goal }), by: name, answers: asked.token }
}
