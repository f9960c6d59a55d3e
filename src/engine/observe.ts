import type { BalancerView } from '../balancers/balancer.ts'
import { UserError } from '../errors.ts'
import type { HostName, Observation } from '../rollout/model.ts'
import type { Fleet, Machine } from './fleet.ts'

/** A host that was well a moment ago is asked so often before it counts as ill: one lost packet stops no deploy. */
const asksMax = 3
/** While no host is out, nobody waits to be put back: who was well a moment ago and says nothing is asked for so long. */
const unhurriedSilentMs = 30_000
/** One that cannot be asked, because the line to it is down, is tried again so often. */
const lineRetryMs = 1_000
/** Without the balancer's word nothing can be put back or taken out: a line that drops for a moment is waited for. */
const balancerSilentMs = 20_000
const balancerPauseMs = 1_000

/** `hurried`: a host is out meanwhile, or may be. */
export type Haste = 'hurried' | 'unhurried'

/**
 * What balancer and hosts say now. Rejects with UserError `balancer` where the balancer does not answer; a host that
 * does not answer is not healthy.
 */
export async function observe(fleet: Fleet, previous: Observation, haste: Haste = 'hurried'): Promise<Observation> {
  const wellBefore = previous.healthy
  const [view, words] = await Promise.all([
    lookAtBalancer(fleet),
    Promise.all(fleet.machines.map((machine) => howIsIt(fleet, machine, { wellBefore, haste }))),
  ])
  const hostsWith = (word: Word): readonly HostName[] =>
    fleet.machines.filter((_, index) => words[index] === word).map(({ name }) => name)
  return observationOf(view, { healthy: hostsWith('well'), unheard: hostsWith('unheard') })
}

/** A host that an operator took out at some machines only is to be out at all of them: nobody of ours puts it back anywhere. */
export function observationOf(
  { out, mixed, byHand }: BalancerView,
  health: Pick<Observation, 'healthy' | 'unheard'>,
): Observation {
  const isByHand = (host: HostName): boolean => byHand.includes(host)
  const isMixed = (host: HostName): boolean => !isByHand(host)
  return { out: [...out, ...mixed.filter(isByHand)], mixed: mixed.filter(isMixed), byHand, ...health }
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

/** `unheard`: it did not answer at all, or nobody could ask it. */
export type Word = 'well' | 'ill' | 'unheard'

export interface Asked {
  /** Who was well a moment ago. */
  readonly wellBefore: readonly HostName[]
  readonly haste: Haste
}

/** Who was well a moment ago is asked again before it counts as ill. Who is silent for too long is not waited for. */
export async function howIsIt(fleet: Fleet, machine: Machine, { wellBefore, haste }: Asked): Promise<Word> {
  const { clock, times } = fleet
  const wasWell = wellBefore.includes(machine.name)
  const silentMs = wasWell && haste === 'unhurried' ? Math.max(times.silentMs, unhurriedSilentMs) : times.silentMs
  const giveUpMs = clock.now() + silentMs
  let asksLeft = wasWell ? asksMax : 1
  for (;;) {
    const word = (await clock.within(giveUpMs - clock.now(), ask(fleet, machine))) ?? 'unheard'
    if (word === 'ill') asksLeft -= 1
    const pauseMs = word === 'ill' ? times.intervalMs : lineRetryMs
    if (word === 'well' || asksLeft === 0 || clock.now() + pauseMs >= giveUpMs) return word
    await clock.sleep(pauseMs)
  }
}

/** Without a health check, running processes have to do. */
async function ask(fleet: Fleet, machine: Machine): Promise<Word> {
  try {
    if (fleet.health !== null) return (await fleet.health.check(machine.host)).healthy ? 'well' : 'ill'
    const running = await fleet.processesOf(fleet.defaultManager, machine).running(machine.host)
    return running.some(({ status }) => status === 'online') ? 'well' : 'ill'
  } catch (error) {
    // A connection that was lost is made anew by the next question.
    return error instanceof UserError && error.code === 'host-unreachable' ? 'unheard' : 'ill'
  }
}
