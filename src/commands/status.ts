/** `zdr-deploy production status`: host by host, what runs there. Changes nothing, and takes no lock. */
import type { BalancerView } from '../balancers/balancer.ts'
import { everywhere } from '../engine/everywhere.ts'
import type { Fleet, Machine } from '../engine/fleet.ts'
import { activeManifest, type HostView, inspectHost } from '../engine/inspect.ts'
import { lastDeployed } from '../engine/plan.ts'
import { ownerText, parseLockOwner, readLockScript } from '../hosts/lock.ts'
import type { HostStatus } from '../rollout/report.ts'
import type { Command } from './context.ts'
import { begin } from './environment.ts'
import { openFleet } from './fleet.ts'
import { reportFindings } from './look.ts'

const lockTimeoutMs = 15_000

export const run: Command<'status'> = async (invocation, context) => {
  const { environment } = invocation
  const config = await begin(invocation, context, 'status')
  const open = await openFleet(config, context, { isGoingBack: false })
  try {
    const { fleet } = open
    const [rotation, views, lock, balancerFindings] = await Promise.all([
      lookAtBalancer(fleet),
      everywhere(fleet.machines, (machine) => inspectHost(fleet, machine)),
      lockText(fleet),
      fleet.balancer.preflight(),
    ])
    const isBalancerLost = open.failed.some((each) => config.balancer?.machines.includes(each.config) === true)
    const seen = views.map((each) =>
      each.ok
        ? statusOf(each.value, isBalancerLost ? 'unknown' : rotation)
        : lostStatus(each.item.name, each.error.message),
    )
    const unreached = open.failed
      .filter((each) => config.hosts.includes(each.config))
      .map((each) => lostStatus(each.config.name, each.error.message))
    const order = config.hosts.map(({ name }) => name)
    const hosts = [...seen, ...unreached].toSorted((one, other) => order.indexOf(one.host) - order.indexOf(other.host))
    reportFindings([...open.findings, ...balancerFindings], context)
    context.report({ type: 'status', environment, hosts: withDifferences(hosts), lock })
    const isWell = withDifferences(hosts).every(({ attention }) => attention.length === 0) && open.failed.length === 0
    return isWell && [...open.findings, ...balancerFindings].every(({ weight }) => weight !== 'error') ? 0 : 4
  } finally {
    await open.close()
  }
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

function statusOf({ machine, inspection, fault, healthy, answer, runs }: HostView, rotation: Rotation): HostStatus {
  const manifest = activeManifest(inspection)
  const where = rotationOf(machine, rotation)
  const attention = [
    ...(fault === null ? [] : [fault]),
    ...(healthy ? [] : [`not healthy: ${answer?.detail ?? 'no process runs'}`]),
    ...(where === 'out' ? ['left out of rotation by a deploy that did not end'] : []),
    ...(where === 'mixed' ? ['left out by some machines of the balancer only'] : []),
    ...(where === 'unknown' ? ['the balancer does not say whether it is in rotation'] : []),
    ...(healthy && manifest !== null && runs === null
      ? [`its processes do not stand on ${manifest.id}, or that was never verified`]
      : []),
    ...(manifest !== null && lastDeployed(inspection.history) !== manifest.id
      ? [`${manifest.id} was not deployed on every host`]
      : []),
  ]
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

async function lockText(fleet: Fleet): Promise<string | null> {
  const lines = await everywhere(fleet.machines, async ({ host, layout }) =>
    (await host.run(readLockScript(layout), { timeoutMs: lockTimeoutMs })).stdout.trim(),
  )
  const [line] = lines.flatMap((each) => (each.ok && each.value !== '' ? [each.value] : []))
  if (line === undefined) return null
  const owner = parseLockOwner(line)
  return owner === null ? 'another deploy (it does not say who)' : ownerText(owner)
}
