/** The machines of the balancer: what nginx's files say, and, where the site uses the switch, what nginx itself says. */
import type { Finding } from '../balancers/balancer.ts'
import { lookAtNginx } from '../balancers/nginx-look.ts'
import { reportSite } from '../balancers/nginx-setup.ts'
import type { BalancerConfig, EnvironmentConfig } from '../config/types.ts'
import type { BalancerFacts } from '../doctor/facts.ts'
import { everywhere } from '../engine/everywhere.ts'
import type { Machine } from '../engine/fleet.ts'
import { findingOf } from '../engine/look.ts'
import { UserError } from '../errors.ts'
import type { Limit } from '../hosts/limits.ts'
import type { Connected } from './connect.ts'
import { balancerOf, healthOf } from './fleet-ports.ts'
import { nginxOptions } from './nginx-options.ts'

interface Reached {
  readonly machines: readonly Machine[]
  readonly balancers: readonly Connected[]
  readonly isWhole: boolean
}

interface OfBalancers {
  readonly facts: readonly BalancerFacts[]
  readonly found: readonly Finding[]
}

export async function examineBalancers(
  config: EnvironmentConfig,
  { machines, balancers, isWhole }: Reached,
): Promise<OfBalancers> {
  const { balancer } = config
  if (balancer === null) return { facts: [], found: [] }
  const limit = config.timeouts.step
  const looked = await everywhere(balancers, ({ host, config: { name } }) =>
    lookAt(host, { name, balancer, limit, config: isWhole ? config : null }),
  )
  const facts = looked.flatMap((each) => (each.ok ? [each.value] : []))
  const isReady = facts.length > 0 && facts.every(({ report }) => report?.missing.length === 0)
  return { facts, found: isReady ? await preflight(config, { machines, balancers }) : [] }
}

interface Meant {
  readonly name: string
  /** null: nothing can be said of the switch by it. */
  readonly config: EnvironmentConfig | null
  readonly balancer: BalancerConfig
  readonly limit: Limit
}

async function lookAt(host: Connected['host'], { name, config, balancer, limit }: Meant): Promise<BalancerFacts> {
  const unseen = (whyNot: string): BalancerFacts => ({ host: name, nginx: null, whyNot, report: null })
  try {
    const nginx = await lookAtNginx(host, { config: balancer.config, limit })
    const report = config === null ? null : reportSite(nginx.site, nginxOptions(config, balancer))
    return { host: name, nginx, whyNot: null, report }
  } catch (error) {
    if (error instanceof UserError && error.code === 'balancer') return unseen(error.message)
    throw error
  }
}

async function preflight(
  config: EnvironmentConfig,
  { machines, balancers }: Omit<Reached, 'isWhole'>,
): Promise<readonly Finding[]> {
  const parts = { machines, skipped: [], configs: config.hosts, balancers }
  const port = await balancerOf(config, parts, await healthOf(config))
  try {
    const reached = machines.map(({ name }) => name)
    const isKnown = ({ host }: Finding): boolean =>
      reached.includes(host) || !config.hosts.some(({ name }) => name === host)
    return (await port.preflight()).filter(isKnown)
  } catch (error) {
    if (error instanceof UserError) return [findingOf(port.machines.join(', '), error)]
    throw error
  }
}
