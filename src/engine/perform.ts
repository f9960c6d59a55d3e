import { UserError } from '../errors.ts'
import { type Manifest, writeManifestScript } from '../hosts/history.ts'
import { activateScript } from '../hosts/release.ts'
import type { Action, Event, HostName, Observation, ReleaseId, Rollout } from '../rollout/model.ts'
import { describe } from './describe.ts'
import { activationOf, type Fleet, foreignRelease, type Machine, machineOf } from './fleet.ts'
import type { FleetLock } from './lock.ts'
import { observe } from './observe.ts'
import { run } from './prepare.ts'
import { verify } from './verify.ts'

const quickTimeoutMs = 30_000
const reloadTimeoutMs = 5 * 60_000
const confirmTimeoutMs = 20_000
const logLines = 30

export interface Performed {
  /** Applied together, with no decision between them. */
  readonly events: readonly Event[]
  /** The failing process' last lines, or the failing command's. */
  readonly log: string | null
}

/** What performing needs to know beside the fleet. Its two maps are its only memory. */
export interface Performing {
  readonly fleet: Fleet
  readonly lock: FleetLock
  /** What each host knows of its releases, as noted there last. */
  readonly manifests: ReadonlyMap<HostName, Map<ReleaseId, Manifest>>
  /** The pids that the last reload had to replace. None: nothing was reloaded since it was verified. */
  readonly replaced: Map<HostName, ReadonlySet<number>>
}

/** Turns an action of the rollout into calls of the ports, and their end into facts. Never rejects. */
export async function perform(performing: Performing, action: Action, rollout: Rollout): Promise<Performed> {
  try {
    if (action.type === 'observe') return seen(action, await observe(performing.fleet, rollout.observed))
    await change(performing, action, rollout)
    return { events: [{ type: 'done', action }], log: null }
  } catch (error) {
    const { reason, log } = describe(error)
    return { events: [{ type: 'failed', action, reason }], log: (await logOf(performing, action)) || log }
  }
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
  { observed: { byHand } }: Rollout,
): Promise<void> {
  const { fleet, lock } = performing
  switch (action.type) {
    case 'give-up':
      throw new UserError('balancer', action.reason)
    case 'publish':
      await lock.assertOurs()
      return fleet.balancer.publish({
        out: action.out,
        byHand: byHand.filter((host) => action.out.includes(host)),
        by: lock.token,
      })
    case 'stop':
      return stop(performing, machineOf(fleet, action.host), action.release)
    case 'step':
      return step(performing, action)
  }
}

async function step(performing: Performing, action: Extract<Action, { type: 'step' }>): Promise<void> {
  const { fleet } = performing
  const machine = machineOf(fleet, action.host)
  switch (action.step) {
    case 'drain':
      return drain(fleet, action.host)
    case 'confirm':
      return fleet.balancer.reaches(action.host, { timeoutMs: confirmTimeoutMs })
    case 'activate':
      return activate(performing, machine, action.release)
    case 'reload':
      return reload(performing, machine, action.release)
    case 'verify':
      return verifyRelease(performing, machine, action.release)
  }
}

async function drain(fleet: Fleet, host: HostName): Promise<void> {
  const timeoutMs = fleet.times.drainTimeoutMs
  const onWaiting = (connections: number) =>
    fleet.report({
      type: 'waiting',
      host,
      step: 'drain',
      text: `${connections} ${connections === 1 ? 'connection' : 'connections'} left`,
    })
  try {
    await fleet.balancer.drained(host, { timeoutMs, onWaiting })
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
  const { layout } = machine
  // Noted first: what is activated and not verified is then known for what it is, wherever we are cut off.
  const activatedAt = isoNow(performing)
  await note(performing, machine, { ...manifestFor(performing, machine, release), state: 'activated', activatedAt })
  const host = await performing.lock.guarded(machine)
  await run(host, activateScript(layout, release), {
    what: `${release} could not be activated`,
    timeoutMs: quickTimeoutMs,
  })
}

async function reload(performing: Performing, machine: Machine, release: ReleaseId): Promise<void> {
  const { fleet, lock } = performing
  const manifest = manifestFor(performing, machine, release)
  const processes = fleet.processesOf(manifest.manager, machine)
  const host = await lock.guarded(machine)
  const onLine = (line: string): void => fleet.report({ type: 'output', host: machine.name, line })
  const options = { timeoutMs: reloadTimeoutMs, onLine }
  const before = await processes
    .reload(host, activationOf(machine, manifest), options)
    .catch(async (error: unknown) => {
      await noteFailure(performing, machine, { release, error })
      throw error
    })
  performing.replaced.set(machine.name, new Set(before.map(({ pid }) => pid).filter((pid) => pid > 0)))
}

async function verifyRelease(performing: Performing, machine: Machine, release: ReleaseId): Promise<void> {
  const { fleet, replaced } = performing
  if (release === foreignRelease) return verifyForeign(fleet, machine)
  const manifest = manifestFor(performing, machine, release)
  const processes = fleet.processesOf(manifest.manager, machine)
  const onWaiting = (text: string): void => fleet.report({ type: 'waiting', host: machine.name, step: 'verify', text })
  const before = replaced.get(machine.name) ?? null
  try {
    await verify(fleet, { machine, activation: activationOf(machine, manifest), processes, before, onWaiting })
    // Well for itself is not enough: users come by the balancer, which is asked while it still sends nobody.
    await fleet.balancer.reaches(machine.name, { timeoutMs: confirmTimeoutMs })
  } catch (error) {
    await noteFailure(performing, machine, { release, error })
    throw error
  }
  await note(performing, machine, { ...manifest, state: 'verified', verifiedAt: isoNow(performing) })
  replaced.delete(machine.name)
}

/**
 * So that it is not used again. A release that was well here once did not become bad: something else is wrong. Why it
 * failed is worth more to whoever waits than that it could not be noted as well.
 */
async function noteFailure(
  performing: Performing,
  machine: Machine,
  { release, error }: { readonly release: ReleaseId; readonly error: unknown },
): Promise<void> {
  const manifest = manifestFor(performing, machine, release)
  if (manifest.verifiedAt !== undefined || isOfTheLine(error)) return
  try {
    await note(performing, machine, { ...manifest, state: 'failed', reason: describe(error).reason })
  } catch (failure) {
    const text = `that it failed could not be noted: ${describe(failure).reason}`
    performing.fleet.report({ type: 'note', level: 'warning', host: machine.name, text })
  }
}

/** A connection that was lost, or a lock, says nothing of the release. */
function isOfTheLine(error: unknown): boolean {
  return error instanceof UserError && (error.code === 'host-unreachable' || error.code === 'locked')
}

/** Nothing of it is known but its answer, and nothing of it was touched. */
async function verifyForeign(fleet: Fleet, machine: Machine): Promise<void> {
  const { healthy } = await observe(fleet, { out: [], mixed: [], byHand: [], healthy: [machine.name] })
  if (!healthy.includes(machine.name)) throw new UserError('verify', 'the health check failed')
}

async function note({ lock, manifests }: Performing, machine: Machine, manifest: Manifest): Promise<void> {
  const what = `the state of ${manifest.id} could not be noted`
  await run(await lock.guarded(machine), writeManifestScript(machine.layout, manifest), {
    what,
    timeoutMs: quickTimeoutMs,
  })
  manifests.get(machine.name)?.set(manifest.id, manifest)
}

async function stop(performing: Performing, machine: Machine, release: ReleaseId): Promise<void> {
  const manifest = manifestFor(performing, machine, release)
  const host = await performing.lock.guarded(machine)
  await performing.fleet.processesOf(manifest.manager, machine).stop(host, activationOf(machine, manifest))
}

function manifestFor({ manifests }: Performing, { name }: Machine, release: ReleaseId): Manifest {
  const manifest = manifests.get(name)?.get(release)
  if (manifest === undefined) throw new UserError('no-release', `${name} has no release ${release} to go to`)
  return manifest
}

function isoNow({ fleet }: Performing): string {
  return new Date(fleet.clock.now()).toISOString()
}

async function logOf(performing: Performing, action: Action): Promise<string> {
  if (action.type !== 'step' || action.step !== 'verify') return ''
  const { fleet } = performing
  const machine = machineOf(fleet, action.host)
  const manifest = performing.manifests.get(action.host)?.get(action.release)
  if (manifest === undefined) return ''
  return fleet.processesOf(manifest.manager, machine).log(machine.host, activationOf(machine, manifest), logLines)
}
