/**
 * Judges each change of the world by the promises themselves. It shares no code with the core, knows nothing of its
 * state, and takes nobody's word but the world's; only what a deployer could not have known is not held against it.
 */
import type { HostName, ReleaseId } from '../../../src/rollout/model.ts'
import type { Change } from '../fleet/change.ts'
import { isInRotation, isWell } from '../fleet/rotation.ts'
import { type BalancerBox, boxOf, type LockBox, type World } from '../fleet/world.ts'
import { createByHand } from './by-hand.ts'
import type { Story } from './story.ts'
import { giveUpSilent, never, toldOf, type Witness } from './witness.ts'

/** What was said so long ago is no excuse any more. */
const staleMs = 90_000
/** Answers that differ within so short a time: either may have been the one that was believed. */
const unsureMs = 12_000

export interface Checker {
  /** Throws where a promise is broken. */
  readonly see: (change: Change) => void
  readonly meet: (witness: Witness) => void
  /** When users were served differently last for a reason that is nobody's step. */
  readonly struckMs: (host: HostName) => number
  /** When another hand, another deploy, or the balancer itself changed who is in rotation. */
  readonly handMs: (witness: Witness) => number
}

export function createChecker(world: World, story: Story): Checker {
  const witnesses = new Map<string, Witness>()
  const struck = new Map<HostName, number>()
  const touched = new Map<HostName, number>()
  const outMs = new Map<HostName, number>()
  const inAtStart = new Map<Witness, ReadonlySet<HostName>>()
  const byHand = createByHand()
  const hasRotation = story.balancers > 0 && story.hosts.length > 1
  let handMs = never
  const deployMs = new Map<string, number>()
  const handMsOf = ({ name }: Witness): number =>
    Math.max(handMs, ...[...deployMs].map(([other, ms]) => (other === name ? never : ms)))
  const now = (): number => world.time.now()
  const strike = (host: HostName): void => void struck.set(host, now())

  /** Whom this deployer has every reason to count as serving, seen from its own questions; doubt is in its favour. */
  const mayCount = (witness: Witness, host: HostName, isTaken: boolean): boolean => {
    if (witness.skip.includes(host)) return false
    const told = toldOf(witness, host)
    giveUpSilent(told, now())
    const { wellMs, illMs, askedMs } = told
    if (now() - askedMs > staleMs) return isWell(world, host)
    if (isTaken) return wellMs > illMs && now() - illMs > unsureMs
    return wellMs > illMs || now() - wellMs < unsureMs
  }

  const judgeOut = (change: Extract<Change, { type: 'out' }>, witness: Witness): void => {
    if (change.out.length >= world.hosts.size) throw broken(4, 'the balancer is told to leave out every host')
    const isElsewhere = (host: HostName): boolean =>
      world.balancers.every(({ name, out }) => name === change.balancer || !out.includes(host))
    const serving = (out: readonly HostName[], taken: readonly HostName[]): number =>
      story.hosts.filter(
        (host) => !out.includes(host) && isElsewhere(host) && mayCount(witness, host, taken.includes(host)),
      ).length
    const taken = change.out.filter((host) => !change.before.includes(host))
    const before = serving(change.before, taken)
    const after = serving(change.out, taken)
    if (after < before && after < story.minServing)
      throw broken(
        1,
        `${after} serve after taking out ${taken.join(', ')}; before it were ${before}, and min-serving is ${story.minServing}`,
      )
    for (const host of change.before) {
      if (change.out.includes(host)) continue
      if (byHand.isSeen(change.balancer, host, witness.lookMs))
        throw broken(3, `${host} is put back at ${change.balancer}, and an operator had left it out`)
      judgePutBack(host, witness)
    }
  }

  const judgePutBack = (host: HostName, witness: Witness): void => {
    const { disk, app } = boxOf(world, host)
    const { wellMs, listedMs, reachedMs } = toldOf(witness, host)
    const touchedMs = touched.get(host) ?? never
    if (wellMs === never || wellMs < touchedMs)
      throw broken(3, `${host} is put back, and did not answer healthily since it was touched`)
    if (disk.current.kind !== 'release') return
    if (listedMs < touchedMs) throw broken(3, `${host} is put back, and nobody looked at its processes since`)
    if (disk.manifests.get(disk.current.id)?.state !== 'verified')
      throw broken(3, `${host} is put back with ${disk.current.id}, which was not verified there`)
    const isStruck = (struck.get(host) ?? never) >= Math.min(wellMs, listedMs) - unsureMs
    const { id } = disk.current
    judgeBehind(host, id, witness)
    if (reachedMs < touchedMs)
      throw broken(3, `${host} is put back, and the balancer was not asked whether it gets an answer from it`)
    if (!isStruck && app.processes.some(({ directory }) => !directory.endsWith(`/${id}`)))
      throw broken(3, `${host} is put back, and not all of its processes run ${id}`)
  }

  /** A host that was left out, because it was skipped or a deploy was cut off, comes back with what the others run. */
  const judgeBehind = (host: HostName, release: ReleaseId, witness: Witness): void => {
    if (release === witness.goal || inAtStart.get(witness)?.has(host) === true) return
    const histories = [...world.hosts.values()].map(({ disk }) => disk.history)
    const longest = histories.reduce((most, history) => (history.length > most.length ? history : most), [])
    const last = deployed(longest).at(-1)
    if (last !== undefined && release !== last)
      throw broken(3, `${host} is put back with ${release}, and the others run ${last}`)
  }

  /** What a drain is for. */
  const judgeDrained = (host: HostName, witness: Witness): void => {
    const since = outMs.get(host) ?? never
    if (
      !hasRotation ||
      story.hosts.length - witness.skip.length === 1 ||
      isInRotation(world, host) ||
      handMsOf(witness) >= since ||
      (struck.get(host) ?? never) >= since
    )
      return
    const isSaid = witness.reports.some(
      (report) => report.type === 'note' && report.host === host && report.text.includes('on-drain-timeout'),
    )
    if (isSaid && story.onDrainTimeout === 'continue') return
    const left = world.balancers.find(({ requests }) => requests.get(host)?.some((endsMs) => endsMs > now()))
    if (left !== undefined)
      throw broken(2, `a process on ${host} is stopped, and ${left.name} still waits for its answer`)
  }

  /** Written only where every host was verified on it, but for those that are skipped by name. */
  const judgeRemembered = (release: ReleaseId, { skip }: Witness): void => {
    for (const { name, disk } of world.hosts.values()) {
      if (skip.includes(name)) continue
      const isOn = disk.current.kind === 'release' && disk.current.id === release
      if (!isOn || disk.manifests.get(release)?.state !== 'verified')
        throw broken(8, `${release} goes into the history, and was not verified on ${name}`)
    }
  }

  const judgeTouch = (host: HostName, witness: Witness): void => {
    // One host that takes part is as good as one host alone.
    if (!hasRotation || story.hosts.length - witness.skip.length === 1) return
    if (!isInRotation(world, host)) return
    const seenMs = witness.touchedFrom.get(host) ?? witness.lookMs
    if (handMsOf(witness) >= seenMs && now() - seenMs < staleMs * 10) return
    throw broken(2, `${host} is in rotation, and its processes are touched`)
  }

  const lockBoxOf = (name: string): LockBox =>
    world.balancers.find((balancer) => balancer.name === name) ?? boxOf(world, name)

  /** What takes a while has checked the lock when it began, and keeps the others' steps waiting until it ends. */
  const judgeLock = (change: Change, { token }: Witness): void => {
    if (change.who.kind === 'deploy' && change.who.token === null)
      throw broken(5, `${change.type}, and nobody asked whose the lock is`)
    if (change.type === 'ran' || change.type === 'fetched' || change.type === 'laid-out' || change.type === 'started')
      return
    const name = change.type === 'out' ? change.balancer : 'host' in change ? change.host : null
    const holder = name === null ? null : (lockBoxOf(name).holding?.owner.token ?? null)
    if (holder !== null && holder !== token) throw broken(5, `${change.type} under a lock that another deploy has`)
    if (change.type === 'out' && lockBoxOf(change.balancer).disk.lock?.token !== token)
      throw broken(5, `${change.balancer} is turned by a deploy that has no lock there`)
  }

  const judgePrune = (host: HostName, release: ReleaseId): void => {
    const { disk, app } = boxOf(world, host)
    if (disk.current.kind === 'release' && disk.current.id === release)
      throw broken(6, `${release} is active on ${host}`)
    if (app.processes.some(({ pid, directory }) => pid !== 0 && directory.endsWith(`/${release}`)))
      throw broken(6, `${release} runs on ${host}`)
    if (deployed(disk.history).slice(-2).includes(release))
      throw broken(6, `${release} is the release before, on ${host}, and is removed`)
  }

  const seeDeploy = (change: Change, witness: Witness): void => {
    if (
      change.type === 'locked' ||
      change.type === 'unlocked' ||
      change.type === 'answered' ||
      change.type === 'paused'
    )
      return
    if (change.type !== 'ended') judgeLock(change, witness)
    if (change.type === 'out') judgeOut(change, witness)
    if (change.type === 'pruned') judgePrune(change.host, change.release)
    if (change.type === 'remembered') judgeRemembered(change.entry.release, witness)
    if (change.type === 'ended') judgeDrained(change.host, witness)
    if (change.type !== 'activated' && change.type !== 'started' && change.type !== 'ended') return
    judgeTouch(change.host, witness)
    touched.set(change.host, now())
  }

  /** Who lives and can reach a host beats in time; unless it has lost its connection, and is about to make it anew. */
  const judgeSilence = ({ host, owner, why }: Extract<Change, { type: 'unlocked' }>): void => {
    const witness = [...witnesses.values()].find(({ token }) => token === owner.token)
    if (witness === undefined || witness.isOver || !why.includes('silent')) return
    const isCut = lockBoxOf(host).cutFrom.has(witness.name) || now() - (struck.get(host) ?? never) < staleMs
    if (!isCut && story.dials.losesConnection === 0)
      throw broken(5, `${witness.name} lets the lock on ${host} end by its silence`)
  }

  const seeOther = (change: Change): void => {
    if (change.type === 'unlocked') judgeSilence(change)
    if (change.type === 'ended' || change.type === 'turned' || change.type === 'power') strike(change.host)
    if (change.type === 'line') strike(change.to)
    if (change.type === 'balancer') strike(change.balancer)
    const isHand = change.type === 'out' || change.type === 'balancer' || change.type === 'line'
    if (isHand && !(change.type === 'line' && world.hosts.has(change.to))) handMs = now()
  }

  const judge = (change: Change): void => {
    const witness = change.who.kind === 'deploy' ? witnesses.get(change.who.deployer) : undefined
    if (witness === undefined) {
      seeOther(change)
      return
    }
    seeDeploy(change, witness)
    if (change.type === 'out' || change.type === 'started' || change.type === 'ended') deployMs.set(witness.name, now())
  }

  return {
    see: (change) => {
      judge(change)
      if (change.type !== 'out') return
      for (const host of change.out) if (!change.before.includes(host)) outMs.set(host, now())
      byHand.follow(change, now())
    },
    meet: (witness) => {
      witnesses.set(witness.name, witness)
      inAtStart.set(witness, new Set(story.hosts.filter((host) => isInRotation(world, host))))
    },
    struckMs: (host) => struck.get(host) ?? never,
    handMs: handMsOf,
  }
}

/** The releases that every host was on, oldest first; going back takes off what lies above. */
export function deployed(history: readonly { readonly release: ReleaseId; readonly kind: string }[]): ReleaseId[] {
  const stack: ReleaseId[] = []
  for (const { release, kind } of history) {
    const index = stack.lastIndexOf(release)
    if (kind === 'rollback' && index !== -1) stack.length = index
    if (stack.at(-1) !== release) stack.push(release)
  }
  return stack
}

export function isOut(balancers: readonly BalancerBox[], host: HostName): boolean {
  return balancers.length > 0 && balancers.every(({ out }) => out.includes(host))
}

export function broken(promise: number, text: string): Error {
  return new Error(`promise ${promise}: ${text}`)
}
