/** A balancer in memory that keeps the contract (see `balancer-contract.ts`), with a state that tests can see and change. */
import type { Balancer } from '../../src/balancers/balancer.ts'
import { findOutSet, outSets } from '../../src/balancers/pools.ts'
import { UserError } from '../../src/errors.ts'
import type { LockOwner } from '../../src/hosts/lock.ts'
import type { HeldLock, LockableMachine } from '../../src/hosts/lockable.ts'

export interface FakeState {
  readonly hosts: readonly string[]
  readonly batches: readonly (readonly string[])[]
  /** Who is left out now. Tests may change it: that is an operator's hand. */
  out: readonly string[]
  /** Those whom a deploy took out. */
  ours: readonly string[]
  /** Its lock; 'not asked': for tests of something else, whoever publishes has it. */
  lock: FakeLock | 'not asked'
  /** The deploy that published last. */
  by: string | null
  /** Every out set that was published, in order. */
  readonly published: (readonly string[])[]
  /** Requests running on a host. */
  readonly requests: Map<string, number>
  /** Hosts whose health the balancer does not get. */
  readonly unhealthy: Set<string>
  /** What it says instead of working. */
  broken: string | null
}

interface FakeLock {
  /** null: given up, or taken away. */
  owner: LockOwner | null
  /** null: nobody. */
  end: (() => void) | null
}

export function fakeState(hosts: readonly string[], batches = hosts.map((host) => [host])): FakeState {
  return {
    hosts,
    batches,
    out: [],
    ours: [],
    lock: 'not asked',
    by: null,
    published: [],
    requests: new Map(),
    unhealthy: new Set(),
    broken: null,
  }
}

const pollMs = 2

/** Several of them may share a state, as several deployers share a balancer. */
export function fakeBalancer(state: FakeState): Balancer {
  const members = state.hosts.map((name) => ({ name, server: `${name}:4000` }))
  const sets = outSets({ members, batches: state.batches })
  let seen: readonly string[] | null = null
  const refuseBroken = (): void => {
    if (state.broken !== null) throw new UserError('balancer', state.broken)
  }
  return {
    machines: ['balancer'],
    locks: [fakeLock(state)],
    canPublish: (out) => findOutSet(sets, out) !== undefined,
    preflight: async () => (state.broken === null ? [] : [{ weight: 'error', host: 'balancer', text: state.broken }]),
    observe: async () => {
      refuseBroken()
      seen = state.out
      return { out: state.out, mixed: [], byHand: state.out.filter((host) => !state.ours.includes(host)) }
    },
    publish: async ({ out, byHand, by }) => {
      refuseBroken()
      if (state.lock !== 'not asked' && state.lock.owner?.token !== by) throw lost()
      if (!findOutSet(sets, out)) throw new UserError('balancer', `no pool leaves out just ${out.join(', ')}`)
      const isOurs = isSame(state.out, out) && state.by === by && isSame(state.published.at(-1) ?? [], out)
      if (seen !== null && !isSame(state.out, seen) && !isOurs) {
        throw new UserError('balancer', 'another hand changed it')
      }
      if (!isSame(state.out, out)) state.published.push(out)
      state.out = state.hosts.filter((host) => out.includes(host))
      state.by = by
      state.ours = state.out.filter((host) => !byHand.includes(host))
      seen = state.out
    },
    drained: async (host, { timeoutMs, onWaiting }) => {
      const left = (): number => state.requests.get(host) ?? 0
      if (
        await becomes(
          () => left() === 0,
          timeoutMs,
          () => onWaiting?.(left()),
        )
      )
        return
      throw new UserError('drain', `${left()} connections are left on ${host}`)
    },
    reaches: async (host, { timeoutMs }) => {
      refuseBroken()
      if (
        await becomes(
          () => !state.unhealthy.has(host),
          timeoutMs,
          () => {},
        )
      )
        return
      throw new UserError('balancer', `no healthy answer from ${host}`)
    },
  }
}

/** Whoever has the lock is cut off, without giving it up. */
export function cutLock({ lock }: FakeState): void {
  if (lock === 'not asked') return
  lock.end?.()
  lock.end = null
}

function fakeLock(state: FakeState): LockableMachine {
  const lockOf = (): FakeLock => {
    if (state.lock === 'not asked') state.lock = { owner: null, end: null }
    return state.lock
  }
  const letGo = (lock: FakeLock, owner: LockOwner | null): void => {
    lock.owner = owner
    lock.end?.()
    lock.end = null
  }
  return {
    name: 'balancer',
    lock: async (owner, { isAgain }) => {
      const lock = lockOf()
      const before = lock.owner
      if (isAgain && before?.token === owner.token) letGo(lock, before)
      if (lock.end !== null)
        throw new UserError('locked', `balancer is the balancer of a deploy by ${before?.by}`, { cause: before })
      if (isAgain && before?.token !== owner.token) throw lost()
      lock.owner = owner
      return heldLock(lock, { before, owner, letGo })
    },
    lockOwner: async () => {
      const { owner, end } = lockOf()
      return end === null || owner === null ? null : { ...owner, silentMs: 0 }
    },
    unlock: async ({ token }) => {
      const lock = lockOf()
      if (lock.owner?.token === token) letGo(lock, null)
    },
  }
}

interface Taken {
  readonly owner: LockOwner
  readonly before: LockOwner | null
  readonly letGo: (lock: FakeLock, owner: LockOwner | null) => void
}

function heldLock(lock: FakeLock, { owner, before, letGo }: Taken): HeldLock {
  const ended = new Promise<void>((resolve) => {
    lock.end = resolve
  })
  const { end } = lock
  const giveUp = async (next: LockOwner | null): Promise<void> => {
    if (lock.end === end) letGo(lock, next)
  }
  return {
    cutOff: before === null || before.token === owner.token ? null : before,
    beat: () => {},
    ended,
    letGo: () => giveUp(null),
    undo: () => giveUp(before),
  }
}

function lost(): UserError {
  return new UserError('locked', 'another deploy had the lock on balancer meanwhile: this one changes nothing more')
}

async function becomes(isSo: () => boolean, timeoutMs: number, onWaiting: () => void): Promise<boolean> {
  for (let waitedMs = 0; !isSo(); waitedMs += pollMs) {
    if (waitedMs >= timeoutMs) return false
    onWaiting()
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  return true
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((host) => others.includes(host))
}
