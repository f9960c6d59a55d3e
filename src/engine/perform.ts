import { UserError } from '../errors.ts'
import { isUnderWay } from '../rollout/fleet.ts'
import type { Action, Event, HostName, Observation, ReleaseId, Rollout } from '../rollout/model.ts'
import { isoNow } from './clock.ts'
import { describe } from './describe.ts'
import { activationOf, type Fleet, foreignRelease, type Machine, machineOf } from './fleet.ts'
import { manifestFor, note, orNoted, type Tried } from './noting.ts'
import { observe } from './observe.ts'
import { waitForYes } from './pause.ts'
import type { Performing } from './performing.ts'
import { soak } from './soak.ts'
import { verify } from './verify.ts'

const confirmPauseMs = 1_000
const logLines = 30

export interface Performed {
  /** Applied together, with no decision between them. */
  readonly events: readonly Event[]
  /** The failing process' last lines, or the failing command's. */
  readonly log: string | null
}

/** An action under way. */
export interface Move {
  readonly action: Action
  /** As it was when the action was decided. */
  readonly rollout: Rollout
  /** False as soon as the rollout does not wait for its end any more. */
  readonly isWanted: () => boolean
}

/** Turns an action of the rollout into calls of the ports, and their end into facts. Never rejects. */
export async function perform(performing: Performing, move: Move): Promise<Performed> {
  const { action, rollout } = move
  try {
    if (action.type === 'observe') {
      const haste = rollout.fleet.some(isUnderWay) ? 'hurried' : 'unhurried'
      return seen(action, await observe(performing.fleet, rollout.observed, haste))
    }
    await change(performing, action, move)
    return { events: [{ type: 'done', action }], log: null }
  } catch (error) {
    const { reason: told, log } = describe(error)
    const reason = withoutHost(action, told)
    return { events: [{ type: 'failed', action, reason }], log: (await logOf(performing, action)) || log }
  }
}

/** The host of a step stands beside its reason wherever that is told. */
function withoutHost(action: Action, reason: string): string {
  const name = action.type === 'step' ? `${action.host}: ` : ''
  return reason.startsWith(name) ? reason.slice(name.length) : reason
}

function seen(action: Action, observation: Observation): Performed {
  return {
    events: [
      { type: 'done', action },
      { type: 'observed', observation },
    ],
    log: null,
  }
}

async function change(
  performing: Performing,
  action: Exclude<Action, { type: 'observe' }>,
  { rollout, isWanted }: Move,
): Promise<void> {
  const { fleet, lock, askPerson } = performing
  switch (action.type) {
    case 'give-up':
      throw new UserError('balancer', action.reason)
    case 'pause':
      return waitForYes({ fleet, lock, askPerson, isWanted, after: action.after })
    case 'publish':
      return publish(performing, action.out, rollout.observed.byHand)
    case 'stop':
      return stop(performing, machineOf(fleet, action.host), action.release)
    case 'step':
      return step(performing, action, isWanted)
  }
}

async function publish(
  { fleet, lock }: Performing,
  out: readonly HostName[],
  byHand: readonly HostName[],
): Promise<void> {
  await fleet.balancer.publish({ out, byHand: byHand.filter((host) => out.includes(host)), by: lock.token })
}

async function step(
  performing: Performing,
  action: Extract<Action, { type: 'step' }>,
  isWanted: () => boolean,
): Promise<void> {
  const { fleet } = performing
  const machine = machineOf(fleet, action.host)
  switch (action.step) {
    case 'drain':
      return drain(fleet, action.host)
    case 'confirm':
      return reached(fleet, action.host)
    case 'activate':
      return activate(performing, machine, action.release)
    case 'reload':
      return reload(performing, machine, action.release)
    case 'verify':
      return verifyRelease(performing, machine, action.release)
    case 'soak':
      return soakRelease(performing, { machine, release: action.release, isWanted })
  }
}

async function drain(fleet: Fleet, host: HostName): Promise<void> {
  const limit = { timeoutMs: fleet.times.drainTimeoutMs, setBy: 'rollout.drain-timeout' }
  const onWaiting = (connections: number) =>
    fleet.report({
      type: 'waiting',
      host,
      step: 'drain',
      text: `${connections} ${connections === 1 ? 'connection' : 'connections'} left`,
    })
  try {
    await fleet.balancer.drained(host, { ...limit, onWaiting })
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'drain' || fleet.onDrainTimeout === 'fail') throw error
    fleet.report({
      type: 'note',
      level: 'warning',
      host,
      text: `${error.message}: going on all the same, as on-drain-timeout says`,
    })
  }
}

async function activate(performing: Performing, machine: Machine, release: ReleaseId): Promise<void> {
  // Noted first: what is activated and not verified is then known for what it is, wherever we are cut off.
  const activatedAt = isoNow(performing.fleet.clock)
  await note(performing, machine, { ...manifestFor(performing, machine, release), state: 'activated', activatedAt })
  const { depot } = await performing.lock.guarded(machine)
  await depot.activate(release)
}

async function reload(performing: Performing, machine: Machine, release: ReleaseId): Promise<void> {
  const { fleet, lock } = performing
  const manifest = manifestFor(performing, machine, release)
  const processes = fleet.processesOf(manifest.manager, machine)
  const { host } = await lock.guarded(machine)
  const onLine = (line: string): void => fleet.report({ type: 'output', host: machine.name, line })
  const options = { ...fleet.limits.reload, onLine }
  const before = await orNoted(performing, { machine, release, step: 'reload' }, () =>
    processes.reload(host, activationOf(machine, manifest), options),
  )
  performing.replaced.set(machine.name, new Set(before.map(({ pid }) => pid).filter((pid) => pid > 0)))
}

async function verifyRelease(performing: Performing, machine: Machine, release: ReleaseId): Promise<void> {
  const { fleet, replaced, standing } = performing
  if (release === foreignRelease) return verifyForeign(fleet, machine)
  const manifest = manifestFor(performing, machine, release)
  const processes = fleet.processesOf(manifest.manager, machine)
  const onWaiting = (text: string): void => fleet.report({ type: 'waiting', host: machine.name, step: 'verify', text })
  const before = replaced.get(machine.name) ?? null
  const activation = activationOf(machine, manifest)
  await orNoted(performing, { machine, release, step: 'verify' }, async () => {
    standing.set(machine.name, await verify(fleet, { machine, activation, processes, before, onWaiting }))
    // Well for itself is not enough: users come by the balancer, which is asked while it still sends nobody.
    await reached(fleet, machine.name)
  })
  const verified = { verifiedAt: isoNow(fleet.clock), verifiedBy: performing.by }
  await note(performing, machine, { ...manifest, state: 'verified', ...verified })
  replaced.delete(machine.name)
}

/** A line to the balancer that drops for a moment is waited for. */
async function reached({ balancer, clock, limits }: Fleet, host: HostName): Promise<void> {
  const giveUpMs = clock.now() + limits.confirm.timeoutMs
  for (;;) {
    try {
      return await balancer.reaches(host, { ...limits.confirm, timeoutMs: giveUpMs - clock.now() })
    } catch (error) {
      if (clock.now() + confirmPauseMs >= giveUpMs) throw error
      await clock.sleep(confirmPauseMs)
    }
  }
}

interface Soaking extends Omit<Tried, 'step'> {
  readonly isWanted: () => boolean
}

async function soakRelease(performing: Performing, { machine, release, isWanted }: Soaking): Promise<void> {
  const { fleet } = performing
  const manifest = manifestFor(performing, machine, release)
  const processes = fleet.processesOf(manifest.manager, machine)
  const onWaiting = (text: string): void => fleet.report({ type: 'waiting', host: machine.name, step: 'soak', text })
  const activation = activationOf(machine, manifest)
  const standing = performing.standing.get(machine.name) ?? []
  await orNoted(performing, { machine, release, step: 'soak' }, () =>
    soak(fleet, { machine, activation, processes, standing, isWanted, onWaiting }),
  )
}

/** Nothing of it is known but its answer, and nothing of it was touched. */
async function verifyForeign(fleet: Fleet, machine: Machine): Promise<void> {
  const { healthy } = await observe(fleet, { out: [], mixed: [], byHand: [], healthy: [machine.name], unheard: [] })
  if (!healthy.includes(machine.name)) throw new UserError('verify', 'the health check failed')
}

async function stop(performing: Performing, machine: Machine, release: ReleaseId): Promise<void> {
  const manifest = manifestFor(performing, machine, release)
  const { fleet, lock } = performing
  const { host } = await lock.guarded(machine)
  await fleet.processesOf(manifest.manager, machine).stop(host, activationOf(machine, manifest), fleet.limits.reload)
}

async function logOf(performing: Performing, action: Action): Promise<string> {
  if (action.type !== 'step' || (action.step !== 'verify' && action.step !== 'soak')) return ''
  const { fleet } = performing
  const machine = machineOf(fleet, action.host)
  const manifest = performing.manifests.get(action.host)?.get(action.release)
  if (manifest === undefined) return ''
  return fleet.processesOf(manifest.manager, machine).log(machine.host, activationOf(machine, manifest), logLines)
}
