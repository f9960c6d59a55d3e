/** The ports that the configuration asks for: what asks an app how it is, what runs it, and what spreads the requests. */
import type { Balancer } from '../balancers/balancer.ts'
import type { EnvironmentConfig, HostConfig } from '../config/types.ts'
import { systemClock } from '../engine/clock.ts'
import { everywhere } from '../engine/everywhere.ts'
import type { Machine } from '../engine/fleet.ts'
import { UserError } from '../errors.ts'
import type { Health } from '../health/health.ts'
import type { Pause } from '../hosts/depot.ts'
import type { Manifest } from '../hosts/history.ts'
import type { Host } from '../hosts/host.ts'
import type { Processes } from '../processes/processes.ts'
import type { Connected } from './connect.ts'

export interface Parts {
  readonly machines: readonly Machine[]
  readonly skipped: readonly string[]
  readonly configs: readonly HostConfig[]
  readonly balancers: readonly Connected[]
}

export async function healthOf({ health }: EnvironmentConfig): Promise<Health | null> {
  if (health === null) return null
  const { httpHealth } = await import('../health/http.ts')
  return httpHealth(health)
}

export async function processesBy({
  health,
  timeouts,
}: EnvironmentConfig): Promise<(manager: Manifest['manager'], machine: Machine) => Processes> {
  const [{ pm2 }, { command }] = await Promise.all([import('../processes/pm2.ts'), import('../processes/command.ts')])
  const port = health === null ? null : portOf(new URL(health.url))
  return (manager, { layout: { base } }) => {
    const limit = timeouts.step
    const byPm2 = pm2({ path: base, port, limit })
    return manager === 'pm2' ? byPm2 : command({ port, pm2: byPm2, limit })
  }
}

export async function balancerOf(
  config: EnvironmentConfig,
  { machines, configs, balancers }: Parts,
  asks: Health | null,
): Promise<Balancer> {
  const { noBalancer } = await import('../balancers/none.ts')
  const { balancer, timeouts } = config
  if (balancer === null || balancers.length === 0) return noBalancer()
  const [{ nginxSwitch }, { switchLock }, { every }, { shellLock }] = await Promise.all([
    import('../balancers/nginx-switch.ts'),
    import('../balancers/nginx-scripts.ts'),
    import('../balancers/every.ts'),
    import('../hosts/shell-lock.ts'),
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
  const pauseOf = async (token: string): Promise<Pause | null> => {
    const looked = await everywhere(machines, ({ depot }) => depot.paused())
    return looked.flatMap((each) => (each.ok ? (each.value ?? []) : [])).find((each) => each.token === token) ?? null
  }
  const { upstream, folder } = balancer
  const pools = folder === undefined ? { upstream } : { upstream, folder }
  return every(
    balancers.map(({ host }) =>
      nginxSwitch({
        batches: config.rollout.batches.map(({ hosts }) => hosts),
        machine: host,
        members,
        ...pools,
        statusPort: balancer.statusPort,
        lock: shellLock({ host, place: switchLock(pools), limit: timeouts.step, pauseOf }),
        limits: timeouts,
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

export function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port)
  return protocol === 'https:' ? 443 : 80
}
