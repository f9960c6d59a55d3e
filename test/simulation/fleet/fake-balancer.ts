/** One imagined machine of a balancer, as one deployer sees it. */
import type { Balancer } from '../../../src/balancers/balancer.ts'
import { type ErrorCode, UserError } from '../../../src/errors.ts'
import type { HostName } from '../../../src/rollout/model.ts'
import { errand, type Work } from './errand.ts'
import { fakeLock, lostToAnother } from './fake-lock.ts'
import { hasPool, isSame } from './pools.ts'
import { isWell, leaveOut, requestsLeft } from './rotation.ts'
import { canReach, type Seat, seatAt } from './seat.ts'
import { type BalancerBox, boxOf, passed, type World } from './world.ts'

const commandTimeoutMs = 30_000
const drainPollMs = 1_000
const reachPollMs = 200
export function fakeBalancer(seat: Seat, balancer: BalancerBox): Balancer {
  const { world } = seat
  let seen: readonly HostName[] | null = null
  const ask = <Value>(what: string, work: (work: Work) => Value | Promise<Value>, timeoutMs = commandTimeoutMs) =>
    errand(seat, { what, code: 'balancer' satisfies ErrorCode, timeoutMs, fence: null, work })
  const look = () =>
    ask('it could not be asked', () => {
      const { out, ours } = balancer
      return { out, mixed: [], byHand: out.filter((host) => !ours.includes(host)) }
    })
  return {
    machines: [balancer.name],
    locks: [fakeLock(seat, balancer)],
    canPublish: (out) => hasPool(world, out),
    preflight: async () => {
      const text = await look().then(() => null, String)
      return text === null ? [] : [{ weight: 'error', host: balancer.name, text }]
    },
    observe: async () => {
      const view = await look()
      seen = view.out
      return view
    },
    publish: async ({ out, byHand, by }) => {
      if (!hasPool(world, out)) throw refused(balancer, `has no pool that leaves out just ${out.join(', ')}`)
      const from = seen ?? (await look()).out
      await ask('it could not be turned', ({ who }) => {
        if (balancer.disk.lock?.token !== by) throw lostToAnother(balancer.name)
        const isSo = isSame(balancer.out, out)
        const isOurs = isSo && balancer.by === by
        if (!isOurs && !isSame(balancer.out, from)) throw refused(balancer, 'was turned by another hand meanwhile')
        if (isSo && isSame(byHandNow(balancer), byHand)) return
        leaveOut(world, balancer, { out, byHand, who: { ...who, ...(who.kind === 'deploy' ? { token: by } : {}) } })
      })
      seen = out
    },
    drained: (host, { timeoutMs, onWaiting }) => {
      const onLeft = (left: number): void => {
        if (seat.deployer.life === 'alive') onWaiting?.(left)
      }
      const work = (order: Work) => drain(seat, balancer, { ...order, host, timeoutMs, onLeft })
      return ask('nobody can tell whether requests are still running', work, timeoutMs + commandTimeoutMs)
    },
    reaches: (host, { timeoutMs }) =>
      ask(
        `it was not asked in time whether it reaches ${host}`,
        (order) => reach(world, balancer, { ...order, host, timeoutMs }),
        timeoutMs + commandTimeoutMs,
      ),
  }
}

interface Waiting extends Work {
  readonly host: HostName
  readonly timeoutMs: number
}

async function drain(
  seat: Seat,
  balancer: BalancerBox,
  { host, timeoutMs, isOver, onLeft }: Waiting & { readonly onLeft: (left: number) => void },
): Promise<void> {
  const { world, deployer } = seat
  const giveUpMs = world.time.now() + timeoutMs
  for (;;) {
    if (!canReach(seatAt(world, deployer, boxOf(world, host))))
      throw new UserError('balancer', `nobody can tell whether requests are still running on ${host}`)
    const left = requestsLeft(world, balancer, host)
    if (left === 0 || isOver()) return
    onLeft(left)
    if (world.time.now() >= giveUpMs)
      throw new UserError('drain', `${left} ${left === 1 ? 'connection is' : 'connections are'} left on ${host}`)
    await passed(world, Math.min(drainPollMs, giveUpMs - world.time.now()))
  }
}

async function reach(world: World, balancer: BalancerBox, { host, timeoutMs, isOver }: Waiting): Promise<void> {
  const giveUpMs = world.time.now() + timeoutMs
  while (balancer.cutFromHosts.has(host) || !isWell(world, host)) {
    if (isOver()) return
    if (world.time.now() >= giveUpMs) throw refused(balancer, `gets no healthy answer from ${host}`)
    await passed(world, Math.min(reachPollMs, giveUpMs - world.time.now()))
  }
}

function byHandNow({ out, ours }: BalancerBox): readonly HostName[] {
  return out.filter((host) => !ours.includes(host))
}

function refused({ name }: BalancerBox, text: string): UserError {
  return new UserError('balancer', `${name} ${text}`)
}
