/** `zdr-deploy production status`: host by host, what runs there. Changes nothing, and takes no lock. */
import type { BalancerView, Finding } from '../balancers/balancer.ts'
import type { EnvironmentConfig } from '../config/types.ts'
import { cutOffText, findCutOff, leftText } from '../engine/cut-off.ts'
import { everywhere } from '../engine/everywhere.ts'
import type { Fleet, Machine } from '../engine/fleet.ts'
import { activeManifest, type HostView, inspectHost } from '../engine/inspect.ts'
import { lockOf } from '../engine/lock.ts'
import { reportFindings } from '../engine/look.ts'
import { lastDeployed } from '../engine/plan.ts'
import type { CutOff } from '../hosts/journal.ts'
import { ownerText } from '../hosts/lock.ts'
import { pauseText } from '../hosts/pause.ts'
import type { HostStatus } from '../rollout/report.ts'
import type { Command } from './context.ts'
import { begin } from './environment.ts'
import { type OpenFleet, openFleet } from './fleet.ts'

export const run: Command<'status'> = async (invocation, context) => {
  const { environment } = invocation
  const config = await begin(invocation, context, 'status')
  const open = await openFleet(config, context, { isGoingBack: false, skip: [] })
  try {
    const locking = seeLock(open.fleet)
    const [{ hosts, cutOff }, lock, ofBalancer] = await Promise.all([
      lookAtFleet(config, open, locking),
      locking,
      open.fleet.balancer.preflight(),
    ])
    const isReached = ({ host }: Finding): boolean => open.failed.every(({ config: { name } }) => name !== host)
    const findings = [...open.findings.filter(isReached), ...ofBalancer]
    reportFindings(findings, context.report)
    context.report({
      type: 'status',
      environment,
      hosts,
      lock: lock.text,
      cutOff: cutOff && cutOffLine(cutOff, environment),
    })
    const isWell = hosts.every(({ attention }) => attention.length === 0) && open.failed.length === 0
    return isWell && cutOff === null && findings.every(({ weight }) => weight !== 'error') ? 0 : 4
  } finally {
    await open.close()
  }
}

interface Seen {
  /** All of the configuration, in its order. */
  readonly hosts: readonly HostStatus[]
  readonly cutOff: CutOff | null
}

async function lookAtFleet(
  config: EnvironmentConfig,
  { fleet, failed }: Pick<OpenFleet, 'fleet' | 'failed'>,
  locking: Promise<SeenLock>,
): Promise<Seen> {
  const [rotation, views, lock] = await Promise.all([
    lookAtBalancer(fleet),
    everywhere(fleet.machines, (machine) => inspectHost(fleet, machine)),
    locking,
  ])
  const isBalancerLost = failed.some((each) => config.balancer?.machines.includes(each.config) === true)
  const cutOff = await findCutOff(
    fleet.machines,
    views.flatMap((each) => (each.ok ? [each.value] : [])),
  )
  const seen = views.map((each) =>
    each.ok
      ? statusOf(each.value, { rotation: isBalancerLost ? 'unknown' : rotation, cutOff, underWay: lock.underWay })
      : lostStatus(each.item.name, each.error.message),
  )
  const unreached = failed
    .filter((each) => config.hosts.includes(each.config))
    .map((each) => lostStatus(each.config.name, each.error.message))
  const order = config.hosts.map(({ name }) => name)
  const hosts = [...seen, ...unreached].toSorted((one, other) => order.indexOf(one.host) - order.indexOf(other.host))
  return { hosts: withDifferences(hosts), cutOff }
}

function cutOffLine(cutOff: CutOff, environment: string): string {
  const command = `zdr-deploy ${environment}`
  return `${cutOffText(cutOff)}: \`${command} resume\` goes on with it, \`${command} abort\` takes it back`
}

type Rotation = BalancerView | 'none' | 'unknown'

async function lookAtBalancer({ balancer }: Fleet): Promise<Rotation> {
  if (balancer.machines.length === 0) return 'none'
  try {
    return await balancer.observe()
  } catch {
    return 'unknown'
  }
}

interface Beside {
  readonly rotation: Rotation
  readonly cutOff: CutOff | null
  readonly underWay: SeenLock['underWay']
}

export function statusOf(view: HostView, { rotation, cutOff, underWay }: Beside): HostStatus {
  const { machine, inspection, fault, healthy, answer, runs } = view
  const manifest = activeManifest(inspection)
  const where = rotationOf(machine, rotation)
  const left = leftText(view, cutOff)
  const said = [
    ...(fault === null ? [] : [fault]),
    ...(healthy ? [] : [`not healthy: ${answer?.detail ?? 'no process runs'}`]),
    ...(where === 'out' ? [outTexts[underWay]] : []),
    ...(where === 'mixed' ? ['left out by some machines of the balancer only'] : []),
    ...(where === 'unknown' ? ['the balancer does not say whether it is in rotation'] : []),
    ...(left === null ? [] : [left]),
    ...(healthy && manifest?.state === 'verified' && runs === null
      ? [`its processes do not stand on ${manifest.id}`]
      : []),
  ]
  const isEverywhere = manifest === null || lastDeployed(inspection.history) === manifest.id
  const attention = said.length > 0 || isEverywhere ? said : [`${manifest.id} was not deployed on every host`]
  return {
    host: machine.name,
    reachable: true,
    release: manifest?.id ?? null,
    sha: manifest?.sha ?? null,
    rotation: where,
    healthy,
    health: answer?.detail ?? 'no health check is configured',
    since: manifest?.activatedAt ?? null,
    attention,
  }
}

const outTexts = {
  yes: 'out of rotation while a deploy is under way',
  no: 'left out of rotation by a deploy: the next one brings it up to date, and puts it back',
  unknown: 'out of rotation, by a deploy that is under way or by one that left it out',
} as const satisfies Record<SeenLock['underWay'], string>

function rotationOf({ name }: Machine, rotation: Rotation): HostStatus['rotation'] {
  if (rotation === 'none') return 'no balancer'
  if (rotation === 'unknown') return 'unknown'
  if (rotation.mixed.includes(name)) return 'mixed'
  if (!rotation.out.includes(name)) return 'in'
  return rotation.byHand.includes(name) ? 'out by hand' : 'out'
}

function lostStatus(host: string, why: string): HostStatus {
  return {
    host,
    reachable: false,
    release: null,
    sha: null,
    rotation: 'unknown',
    healthy: null,
    health: why,
    since: null,
    attention: [why],
  }
}

/** Promise 8 says that one release serves everywhere: where it does not, somebody should know. */
function withDifferences(hosts: readonly HostStatus[]): readonly HostStatus[] {
  const releases = new Set(hosts.filter(({ reachable }) => reachable).map(({ release }) => release))
  if (releases.size < 2) return hosts
  return hosts.map((host) =>
    host.reachable ? { ...host, attention: [...host.attention, 'not all hosts are on the same release'] } : host,
  )
}

export interface SeenLock {
  /** Whether a deploy lives. */
  readonly underWay: 'yes' | 'no' | 'unknown'
  /** Who deploys now, and whether that deploy waits for a yes, or why that is not known; null: nobody does. */
  readonly text: string | null
}

interface Looking extends Pick<Fleet, 'environment' | 'machines'> {
  readonly balancer: Pick<Fleet['balancer'], 'locks'>
}

export async function seeLock({ environment, machines, balancer }: Looking): Promise<SeenLock> {
  const [owners, pauses] = await Promise.all([
    everywhere([...machines.map(lockOf), ...balancer.locks], (machine) => machine.lockOwner()),
    everywhere(machines, ({ depot }) => depot.paused()),
  ])
  const owner = owners.flatMap((each) => (each.ok ? (each.value ?? []) : []))[0]
  if (owner === undefined) {
    const why = owners.length === 0 ? 'no machine could be asked' : owners.find((each) => !each.ok)?.error.message
    if (why === undefined) return { underWay: 'no', text: null }
    return { underWay: 'unknown', text: `it is not known whether a deploy is under way: ${why}` }
  }
  const pause = pauses.flatMap((each) => (each.ok ? (each.value ?? []) : [])).find(({ token }) => token === owner.token)
  if (pause === undefined) return { underWay: 'yes', text: ownerText(owner) }
  const answer = `\`zdr-deploy ${environment} resume\` or \`zdr-deploy ${environment} abort\``
  return { underWay: 'yes', text: `${ownerText(owner)}; it is ${pauseText(pause)}: ${answer}` }
}
