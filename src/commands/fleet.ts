/** Puts a fleet together: connections, the PATH of each host, and the ports that the configuration asks for. */
import type { Balancer, Finding } from '../balancers/balancer.ts'
import type { EnvironmentConfig, HostConfig } from '../config/types.ts'
import { systemClock } from '../engine/clock.ts'
import { everywhere } from '../engine/everywhere.ts'
import type { Fleet, Machine } from '../engine/fleet.ts'
import { UserError } from '../errors.ts'
import type { Health } from '../health/health.ts'
import type { Manifest } from '../hosts/history.ts'
import type { Host } from '../hosts/host.ts'
import { layout } from '../hosts/layout.ts'
import { type Probe, parseProbe, probeScript } from '../hosts/probe.ts'
import { exports } from '../hosts/shell.ts'
import { within } from '../hosts/within.ts'
import type { Processes } from '../processes/processes.ts'
import { type Connected, type Connections, connectAll } from './connect.ts'
import type { CommandContext } from './context.ts'

/** A release with its dependencies is seldom smaller; a build that fills the disk takes the running app along. */
const freeBytesMin = 100 * 1024 * 1024
const probeTimeoutMs = 60_000

export interface OpenFleet {
  readonly fleet: Fleet
  /** What is wrong with the hosts themselves: PATH, rights, disk. */
  readonly findings: readonly Finding[]
  /** Hosts and machines of the balancer that could not be reached. */
  readonly failed: Connections['failed']
  /** The machines of the balancer, for `setup`. */
  readonly balancers: readonly Connected[]
  readonly close: () => Promise<void>
}

/** Machines that cannot be reached are in `failed`; whoever calls says what that means. Changes nothing. */
export async function openFleet(
  config: EnvironmentConfig,
  context: CommandContext,
  { isGoingBack }: { readonly isGoingBack: boolean },
): Promise<OpenFleet> {
  for (const text of config.warnings) context.report({ type: 'note', level: 'warning', text })
  context.report({ type: 'phase', phase: 'connect' })
  const [hosts, balancers] = await Promise.all([
    connectAll(config, config.hosts, context),
    connectAll(config, config.balancer?.machines ?? [], context),
  ])
  const close = async (): Promise<void> => {
    await Promise.all([...hosts.reached, ...balancers.reached].map(({ host }) => host.close()))
  }
  try {
    const failed = [...hosts.failed, ...balancers.failed]
    const probed = await everywhere(hosts.reached, (each) => probe(config, each, isGoingBack))
    const lost = probed.flatMap((each) => (each.ok ? [] : [{ config: each.item.config, error: each.error }]))
    const well = probed.flatMap((each) => (each.ok ? [each.value] : []))
    const machines = well.map((each) => each.machine)
    const fleet = await compose(config, context, { machines, configs: config.hosts, balancers: balancers.reached })
    return {
      fleet,
      findings: well.flatMap((each) => each.findings),
      failed: [...failed, ...lost],
      balancers: balancers.reached,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

interface Probed {
  readonly machine: Machine
  readonly findings: readonly Finding[]
}

/** Going back needs neither git nor room: a new release that filled the disk is a reason for it. */
async function probe(
  { path, split }: EnvironmentConfig,
  { config, host }: Connected,
  isGoingBack: boolean,
): Promise<Probed> {
  const tools = [...(isGoingBack ? [] : ['git']), ...(split.manager === 'pm2' ? ['node', 'pm2'] : [])]
  const result = await host.run(probeScript({ path, tools, preamble: '' }), { timeoutMs: probeTimeoutMs })
  if (result.code !== 0)
    throw new UserError('host-command', `${config.name} could not be looked at`, { output: result.stderr })
  const found = parseProbe(result.stdout)
  const withPath = found.path === null ? host : within(host, exports({ PATH: found.path.path }))
  return {
    machine: { name: config.name, host: withPath, layout: layout(found.base) },
    findings: judge(config.name, found, isGoingBack),
  }
}

function judge(host: string, probe: Probe, isGoingBack: boolean): readonly Finding[] {
  const error = (text: string, hint: string): Finding => ({ weight: 'error', host, text, hint })
  const lackOfRoom = (text: string, hint: string): Finding => ({
    ...error(text, hint),
    weight: isGoingBack ? 'warning' : 'error',
  })
  const findings: Finding[] = []
  if (probe.path === null) {
    const tried = probe.tried.map(({ from, path, missing }) => `${from} (${path}): no ${missing.join(', no ')}`)
    findings.push(
      error(
        `not every tool was found on one PATH of ${probe.user}:\n  ${tried.join('\n  ')}`,
        'Install what is missing, or put it on the PATH of that user.',
      ),
    )
  }
  if (!probe.writable)
    findings.push(
      error(
        `${probe.user} may not write to ${probe.nearest}, where ${probe.base} is to be`,
        `Run there, as root: mkdir -p ${probe.base} && chown ${probe.user} ${probe.base}`,
      ),
    )
  if (probe.freeBytes !== null && probe.freeBytes < freeBytesMin)
    findings.push(
      lackOfRoom(
        `only ${Math.floor(probe.freeBytes / 1024 / 1024)} MiB are free in ${probe.nearest}`,
        'Make room: a release that fills the disk takes the running app along.',
      ),
    )
  if (!probe.inodesLeft)
    findings.push(
      lackOfRoom(
        `the filesystem of ${probe.nearest} has no inode left`,
        'Remove files there: many small ones, most often.',
      ),
    )
  return findings
}

interface Parts {
  readonly machines: readonly Machine[]
  readonly configs: readonly HostConfig[]
  readonly balancers: readonly Connected[]
}

async function compose(config: EnvironmentConfig, { report }: CommandContext, parts: Parts): Promise<Fleet> {
  const { health, rollout } = config
  const asks = await healthOf(config)
  return {
    environment: config.environment,
    machines: parts.machines,
    balancer: await balancerOf(config, parts, asks),
    health: asks,
    defaultManager: config.split.manager,
    processesOf: await processesBy(config),
    times: {
      passes: health?.passes ?? 1,
      intervalMs: health?.intervalMs ?? defaultIntervalMs,
      stableMs: health?.stableMs ?? defaultStableMs,
      startMs: health?.startMs ?? defaultStartMs,
      drainTimeoutMs: rollout.drainTimeoutMs,
      silentMs: (health?.timeoutMs ?? defaultTimeoutMs) + roundTripMs,
    },
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

async function healthOf({ health }: EnvironmentConfig): Promise<Health | null> {
  if (health === null) return null
  const { httpHealth } = await import('../health/http.ts')
  return httpHealth(health)
}

async function processesBy({
  health,
}: EnvironmentConfig): Promise<(manager: Manifest['manager'], machine: Machine) => Processes> {
  const [{ pm2 }, { command }] = await Promise.all([import('../processes/pm2.ts'), import('../processes/command.ts')])
  const port = health === null ? null : portOf(new URL(health.url))
  return (manager, { layout: { base } }) => {
    const byPm2 = pm2({ path: base })
    return manager === 'pm2' ? byPm2 : command({ port, pm2: byPm2 })
  }
}

async function balancerOf(
  config: EnvironmentConfig,
  { machines, configs, balancers }: Parts,
  asks: Health | null,
): Promise<Balancer> {
  const { noBalancer } = await import('../balancers/none.ts')
  if (config.balancer === null || balancers.length === 0) return noBalancer()
  const [{ nginxSwitch }, { every }] = await Promise.all([
    import('../balancers/nginx-switch.ts'),
    import('../balancers/every.ts'),
  ])
  // All that are configured, reached or not: nginx runs the pools of the whole fleet.
  const members = configs.map((each) => ({
    host: machines.find(({ name }) => name === each.name)?.host ?? unreachedHost(each),
    server: serverOf(configs, each.name),
  }))
  const reach = async (machine: Host, server: string) => {
    if (asks === null || config.health === null) return { healthy: true, detail: 'no health check' }
    return asks.check(machine, urlAt(config.health.url, server))
  }
  return every(
    balancers.map(({ host }) =>
      nginxSwitch({
        ...config.rollout,
        machine: host,
        members,
        upstream: config.balancer?.upstream ?? '',
        statusPort: config.balancer?.statusPort ?? 0,
        ...(config.balancer?.folder === undefined ? {} : { folder: config.balancer.folder }),
        reach,
        clock: systemClock,
      }),
    ),
  )
}

function unreachedHost({ name, address }: HostConfig): Host {
  const refuse = async (): Promise<never> => {
    throw new UserError('host-unreachable', `${name} was not reached`)
  }
  return { name, address, run: refuse, hold: refuse, close: async () => undefined }
}

export function serverOf(configs: readonly HostConfig[], name: string): string {
  const server = configs.find((candidate) => candidate.name === name)?.server
  if (server === null || server === undefined)
    throw new Error(`${name} has no server: the configuration should have been refused`)
  return server
}

/** The same question, asked at the address by which the balancer knows the host. */
function urlAt(url: string, server: string): string {
  const { protocol, pathname, search } = new URL(url)
  return `${protocol}//${server}${pathname}${search}`
}

function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port)
  return protocol === 'https:' ? 443 : 80
}
