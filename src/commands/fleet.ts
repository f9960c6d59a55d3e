/** Puts a fleet together: connections, the PATH of each host, and the ports that the configuration asks for. */
import type { Finding } from '../balancers/balancer.ts'
import { nearest } from '../config/nearest.ts'
import type { EnvironmentConfig } from '../config/types.ts'
import { systemClock } from '../engine/clock.ts'
import { everywhere } from '../engine/everywhere.ts'
import type { Fleet } from '../engine/fleet.ts'
import { UserError } from '../errors.ts'
import { type Connected, type Connections, connectAll, unreachableFindings } from './connect.ts'
import type { CommandContext } from './context.ts'
import { balancerOf, healthOf, type Parts, processesBy } from './fleet-ports.ts'
import { probeHost } from './probe-host.ts'

export interface OpenFleet {
  readonly fleet: Fleet
  /** What is wrong with the machines: not reached, PATH, rights, disk. */
  readonly findings: readonly Finding[]
  /** Hosts and machines of the balancer that could not be reached. Each is a finding as well. */
  readonly failed: Connections['failed']
  /** The machines of the balancer, for `setup`. */
  readonly balancers: readonly Connected[]
  /** Over the same connections, as a deploy needs it that goes back, or one that does not. */
  readonly openFor: (isGoingBack: boolean) => Promise<OpenFleet>
  /** May be called twice. */
  readonly close: () => Promise<void>
}

interface Opening {
  /** Going back needs neither git nor room. */
  readonly isGoingBack: boolean
  /** Names of hosts to go on without. */
  readonly skip: readonly string[]
}

/** Machines that cannot be reached are in `failed`; whoever calls says what that means. Changes nothing. */
export async function openFleet(
  config: EnvironmentConfig,
  context: CommandContext,
  opening: Opening,
): Promise<OpenFleet> {
  const { skip } = opening
  refuseUnknown(config, 'skip', skip)
  refuseAll(config, skip)
  for (const text of config.warnings) context.report({ type: 'note', level: 'warning', text })
  context.report({ type: 'phase', phase: 'connect' })
  const [hosts, balancers] = await Promise.all([
    connectAll(
      config,
      config.hosts.filter(({ name }) => !skip.includes(name)),
      context,
    ),
    connectAll(config, config.balancer?.machines ?? [], context),
  ])
  const close = async (): Promise<void> => {
    await Promise.all([...hosts.reached, ...balancers.reached].map(({ host }) => host.close()))
  }
  const openFor = async (isGoingBack: boolean): Promise<OpenFleet> => {
    const reached = await openReached(config, context, { skip, isGoingBack, hosts, balancers })
    const open: OpenFleet = {
      ...reached,
      openFor: async (other) => (other === isGoingBack ? open : openFor(other)),
      close,
    }
    return open
  }
  try {
    return await openFor(opening.isGoingBack)
  } catch (error) {
    await close()
    throw error
  }
}

interface Reached extends Opening {
  readonly hosts: Connections
  readonly balancers: Connections
}

async function openReached(
  config: EnvironmentConfig,
  context: CommandContext,
  { hosts, balancers, isGoingBack, skip }: Reached,
): Promise<Omit<OpenFleet, 'openFor' | 'close'>> {
  const probed = await everywhere(hosts.reached, (each) => probeHost(config, each, isGoingBack))
  const lost = probed.flatMap((each) => (each.ok ? [] : [{ config: each.item.config, error: each.error }]))
  const well = probed.flatMap((each) => (each.ok ? [each.value] : []))
  const fleet = await compose(config, context, {
    machines: well.map((each) => each.machine),
    skipped: skip,
    configs: config.hosts,
    balancers: balancers.reached,
  })
  const lacking = [...hosts.failed, ...lost]
  return {
    fleet,
    findings: [
      ...unreachableFindings(lacking).map((finding) => withWayOn(config, finding)),
      ...unreachableFindings(balancers.failed),
      ...well.flatMap((each) => each.findings),
    ],
    failed: [...lacking, ...balancers.failed],
    balancers: balancers.reached,
  }
}

/** Where nothing better is known. Of several hosts one can be left alone for now. */
function withWayOn({ environment, hosts }: EnvironmentConfig, finding: Finding): Finding {
  if (finding.hint !== undefined || hosts.length === 1) return finding
  return { ...finding, hint: `To deploy without it: zdr-deploy ${environment} --skip ${finding.host}` }
}

function refuseAll({ hosts }: EnvironmentConfig, skip: readonly string[]): void {
  if (hosts.every(({ name }) => skip.includes(name)))
    throw new UserError('usage', '--skip names every host: nothing would be left to deploy to.')
}

/** `--skip web3` must not go on with web-3. */
export function refuseUnknown({ hosts }: EnvironmentConfig, option: 'skip' | 'hosts', given: readonly string[]): void {
  const names = hosts.map(({ name }) => name)
  const unknown = given.find((name) => !names.includes(name))
  if (unknown === undefined) return
  const meant = nearest(unknown, names)
  throw new UserError('usage', `--${option} ${unknown}: there is no such host.`, {
    hint: meant === undefined ? `The hosts are ${names.join(', ')}.` : `Did you mean \`--${option} ${meant}\`?`,
  })
}

async function compose(config: EnvironmentConfig, { report }: CommandContext, parts: Parts): Promise<Fleet> {
  const { health, rollout } = config
  const asks = await healthOf(config)
  return {
    environment: config.environment,
    machines: parts.machines,
    skipped: parts.skipped,
    balancer: await balancerOf(config, parts, asks),
    health: asks,
    defaultManager: config.split.manager,
    processesOf: await processesBy(config),
    times: {
      passes: health?.passes ?? 1,
      intervalMs: health?.intervalMs ?? defaultIntervalMs,
      stableMs: health?.stableMs ?? defaultStableMs,
      startMs: health?.startMs ?? defaultStartMs,
      soakMs: rollout.soakMs,
      pauseTimeoutMs: rollout.pauseTimeoutMs,
      drainTimeoutMs: rollout.drainTimeoutMs,
      silentMs: (health?.timeoutMs ?? defaultTimeoutMs) + roundTripMs,
    },
    limits: config.timeouts,
    onDrainTimeout: rollout.onDrainTimeout,
    clock: systemClock,
    report,
  }
}

/** For what is around a question: the way to the host, and a shell there. */
const roundTripMs = 3_000
/** Without a health check only the processes are watched. */
const defaultTimeoutMs = 5_000
const defaultIntervalMs = 250
const defaultStableMs = 3_000
const defaultStartMs = 60_000
