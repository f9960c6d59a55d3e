import type { BalancerView } from '../balancers/balancer.ts'
import type { HostName, Observation } from '../rollout/model.ts'
import type { Fleet, Machine } from './fleet.ts'

/** A host that was well a moment ago is asked so often before it counts as ill: one lost packet stops no deploy. */
const asksMax = 3
/** Without the balancer's word nothing can be put back or taken out: a line that drops for a moment is waited for. */
const balancerSilentMs = 20_000
const balancerPauseMs = 1_000

/**
 * What balancer and hosts say now. Rejects with UserError `balancer` where the balancer does not answer; a host that
 * does not answer is not healthy.
 */
export async function observe(fleet: Fleet, previous: Observation): Promise<Observation> {
  const [view, healthy] = await Promise.all([
    lookAtBalancer(fleet),
    Promise.all(fleet.machines.map((machine) => isWell(fleet, machine, previous.healthy))),
  ])
  const names = fleet.machines.filter((_, index) => healthy[index] === true).map(({ name }) => name)
  return observationOf(view, names)
}

/** A host that an operator took out at some machines only is to be out at all of them: nobody of ours puts it back anywhere. */
export function observationOf({ out, mixed, byHand }: BalancerView, healthy: readonly HostName[]): Observation {
  const isByHand = (host: HostName): boolean => byHand.includes(host)
  return { out: [...out, ...mixed.filter(isByHand)], mixed: mixed.filter((host) => !isByHand(host)), byHand, healthy }
}

async function lookAtBalancer({ balancer, clock }: Fleet): Promise<BalancerView> {
  const giveUpMs = clock.now() + balancerSilentMs
  for (;;) {
    try {
      return await balancer.observe()
    } catch (error) {
      if (clock.now() >= giveUpMs) throw error
      await clock.sleep(balancerPauseMs)
    }
  }
}

async function isWell(fleet: Fleet, machine: Machine, wellBefore: readonly HostName[]): Promise<boolean> {
  const asks = wellBefore.includes(machine.name) ? asksMax : 1
  for (let count = 1; ; count++) {
    const word = await Promise.race([ask(fleet, machine), silence(fleet)])
    // Who was silent for so long is not asked again: somebody may be waiting to be put back.
    if (word !== 'ill' || count === asks) return word === 'well'
    await fleet.clock.sleep(fleet.times.intervalMs)
  }
}

type Word = 'well' | 'ill' | 'silent'

async function silence({ clock, times }: Fleet): Promise<Word> {
  await clock.sleep(times.silentMs)
  return 'silent'
}

/** Without a health check, running processes have to do. */
async function ask(fleet: Fleet, machine: Machine): Promise<Word> {
  try {
    if (fleet.health !== null) return (await fleet.health.check(machine.host)).healthy ? 'well' : 'ill'
    const running = await fleet.processesOf(fleet.defaultManager, machine).running(machine.host)
    return running.some(({ status }) => status === 'online') ? 'well' : 'ill'
  } catch {
    return 'silent'
  }
}
