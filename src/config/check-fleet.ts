import { localUser } from '../hosts/local-user.ts'
import type { Check } from './check.ts'
import { balancerConfig, type Entry, hostConfigs, type Inherited, readHosts } from './fleet.ts'
import { healthConfig } from './health.ts'
import { rolloutConfig } from './rollout.ts'
import { readSection, readValue } from './section.ts'
import { localFile } from './ssh-options.ts'
import type { BalancerConfig, HealthConfig, HostConfig, RolloutConfig } from './types.ts'

export interface CheckedFleet {
  readonly hosts: readonly HostConfig[]
  readonly health: HealthConfig | null
  readonly balancer: BalancerConfig | null
  readonly rollout: RolloutConfig
  readonly warnings: readonly string[]
}

/** Who runs the app, what spreads requests over them, how they are asked, and in which order they are done. */
export function checkFleet(check: Check): CheckedFleet {
  const { raw, path, problems, schemas } = check
  const inherited = inheritedBy(check)
  const health = checkHealth(check)
  const entries =
    raw.host === undefined
      ? []
      : readHosts(raw.host, { block: raw, shape: schemas.hostShape, path: [...path, 'host'], problems })
  const hosts = hostConfigs(entries, { inherited, healthPort: health.port, problems })
  const hasBalancer = raw.balancer !== undefined
  const balancer = hasBalancer ? checkBalancer(check, inherited) : null
  if (hasBalancer) checkServers(check, hosts)
  const at = [...path, 'rollout']
  const section =
    raw.rollout === undefined ? {} : readSection(raw.rollout, schemas.rolloutShape, { path: at, problems })
  const names = hosts.map((host) => host.name)
  // The numbers are about a fleet that is known: a host that could not be read would make them wrong.
  const counted = entries.length === hosts.length ? problems : []
  return {
    hosts,
    health: health.config,
    balancer,
    rollout: rolloutConfig(section, { hosts: names, hasBalancer, path: at, problems: counted }),
    warnings: [
      ...fleetWarnings({ hosts, hasBalancer, hasHealth: raw.health !== undefined }),
      ...localWarnings(hosts, entries),
    ],
  }
}

/** How a machine is reached that says nothing of it itself. */
export function inheritedBy({ block, cwd }: Pick<Check, 'block' | 'cwd'>): Inherited {
  const options = block.ssh_options
  const key = block.key === undefined ? [] : [localFile(block.key, cwd)]
  // ssh takes the first port and user it meets, and pm2 deploy puts ssh_options before them; of keys it tries all.
  return {
    user: options?.user ?? block.user,
    port: options?.port ?? block.port,
    keys: [...(options?.identityFiles ?? []), ...key],
    cwd,
  }
}

function checkHealth({ raw, path, problems, schemas }: Check): {
  readonly config: HealthConfig | null
  readonly port: number | null
} {
  if (raw.health === undefined) return { config: null, port: null }
  const at = [...path, 'health']
  if (typeof raw.health === 'string') {
    const url = readValue(raw.health, schemas.healthShape.url, { path: at, problems })
    return { config: healthConfig(url && { url }), port: url?.port ?? null }
  }
  const section = readSection(raw.health, schemas.healthShape, { path: at, problems })
  if (typeof raw.health === 'object' && raw.health !== null && !Object.hasOwn(raw.health, 'url')) {
    problems.push({ path: at, text: 'has no `url`: write `http://localhost:<port>/<path>`' })
  }
  return { config: healthConfig(section), port: section.url?.port ?? null }
}

function checkBalancer({ raw, path, problems, schemas }: Check, inherited: Inherited): BalancerConfig | null {
  const at = [...path, 'balancer']
  const section = readSection(raw.balancer, schemas.balancerShape, { path: at, problems })
  const isSection = typeof raw.balancer === 'object' && raw.balancer !== null
  return isSection ? balancerConfig(section, { inherited, path: at, problems }) : null
}

/** The balancer must know each host, and each as another. */
function checkServers({ raw, path, problems }: Check, hosts: readonly HostConfig[]): void {
  const at = [...path, 'balancer']
  const nameless = hosts.filter((host) => host.server === null).map((host) => host.name)
  if (nameless.length > 0 && raw.health === undefined) {
    problems.push({
      path: at,
      text: `cannot know the port of ${nameless.join(', ')}: write \`health\`, whose port it is, or \`server: '<address>:<port>'\` in the host`,
    })
  }
  for (const { name, address, server } of hosts) {
    if (address !== 'localhost' || server?.startsWith('localhost:') !== true) continue
    const text = `would know ${name} as \`${server}\`, which is the balancer itself: write \`{ host: '${name}', server: '<address>:<port>' }\``
    problems.push({ path: at, text })
  }
  for (const [index, { name, server }] of hosts.entries()) {
    const earlier = hosts.slice(0, index).find((host) => host.server !== null && host.server === server)
    if (earlier)
      problems.push({ path: at, text: `would know ${earlier.name} and ${name} as the same server ${server}` })
  }
}

function fleetWarnings({
  hosts,
  hasBalancer,
  hasHealth,
}: {
  readonly hosts: readonly HostConfig[]
  readonly hasBalancer: boolean
  readonly hasHealth: boolean
}): readonly string[] {
  return [
    ...(hasHealth ? [] : ['there is no `health`: only that the processes stay up can be verified']),
    ...(hasBalancer || hosts.length < 2
      ? []
      : ['there is no `balancer`: requests reach a host while it reloads, so the reload itself must be graceful']),
  ]
}

/** As with pm2 deploy, which says nothing: whoever names another user, or a port that is forwarded, means SSH. */
function localWarnings(hosts: readonly HostConfig[], entries: readonly Entry[]): readonly string[] {
  const local = hosts.find((host) => host.isLocal)
  if (local === undefined) return []
  const me = localUser(process.env)
  const hasPort = entries.some(({ written: { host, port } }) => host?.address === 'localhost' && port !== undefined)
  const passedOver = [
    ...(local.user === undefined || local.user === me ? [] : ['`user`']),
    ...(hasPort || (hosts.length === 1 && local.port !== undefined) ? ['`port`'] : []),
  ]
  if (passedOver.length === 0) return []
  const keys = passedOver.join(' and ')
  return [`\`localhost\` runs here without SSH, as ${me}, whatever ${keys} may say; \`127.0.0.1\` is reached by SSH`]
}
