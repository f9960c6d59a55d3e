/** What nginx knows of the fleet, read over SSH. */
import type { Upstream } from '../../balancers/nginx-upstreams.ts'
import { parseAddress, serverText } from '../../config/addresses.ts'
import { sshOptions } from '../../config/check.ts'
import { inheritedBy } from '../../config/check-fleet.ts'
import { machine } from '../../config/fleet.ts'
import { readSection } from '../../config/section.ts'
import { defaultLimits } from '../../hosts/limits.ts'
import { connectAll } from '../connect.ts'
import type { CommandContext } from '../context.ts'
import type { HostAnswer } from './block.ts'

export interface NginxWords {
  /** The SSH address of its machine, checked. */
  readonly address: string
  /** The environment's block, as far as it is known: how its machines are reached. */
  readonly block: Readonly<Record<string, unknown>>
  readonly cwd: string
}

/** Rejects with UserError where the machine cannot be reached, or its configuration cannot be read. */
export async function askNginx(
  { address, block, cwd }: NginxWords,
  context: Pick<CommandContext, 'env' | 'report'>,
): Promise<readonly Upstream[]> {
  const { environmentShape } = await import('../../config/schema.ts')
  const section = readSection(block, environmentShape(cwd), { path: [], problems: [] })
  const parsed = parseAddress(address)
  if (!parsed.ok) throw new Error(`${address} was taken for an address`)
  const found = machine(parsed.value, inheritedBy({ block: section, cwd }))
  const way = { ssh: sshOptions(section), timeouts: defaultLimits }
  const { reached, failed } = await connectAll(way, [{ name: found.address, ...found, server: null }], context)
  for (const { error } of failed) throw error
  const { readUpstreams } = await import('../../balancers/nginx-upstreams.ts')
  try {
    const read = await Promise.all(reached.map(({ host }) => readUpstreams(host, way.timeouts.step)))
    return read.flat()
  } finally {
    await Promise.all(reached.map(({ host }) => host.close()))
  }
}

/** `shop (10.0.0.11:4000, 10.0.0.12:4000), static (…)` */
export function upstreamsText(upstreams: readonly Upstream[]): string {
  return upstreams.map(({ name, servers }) => `${name} (${servers.join(', ')})`).join(', ')
}

/** The hosts behind these servers. What nginx finds on its own machine is reached by that machine's address. */
export function hostsBehind(servers: readonly string[], nginxAddress: string): readonly string[] {
  const hosts = servers.map((server) => {
    const address = addressOf(server)
    return isLoopback(address) ? `${nginxAddress}=${server}` : address
  })
  return [...new Set(hosts)]
}

/** The server that is on that host; null where none is. */
export function serverOn(host: string, servers: readonly string[]): string | null {
  const parsed = parseAddress(host)
  return servers.find((server) => parsed.ok && addressOf(server) === parsed.value.address) ?? null
}

/** `web-1 web-2=10.0.0.12:4000`, with spaces or commas between. */
export function readHostWords(text: string): readonly HostAnswer[] {
  return words(text).map((word) => {
    const at = word.indexOf('=')
    return at < 0 ? { host: word, server: null } : { host: word.slice(0, at), server: word.slice(at + 1) }
  })
}

export function words(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '')
}

export function portOfServer(server: string): number | null {
  const parsed = parseAddress(server)
  return parsed.ok ? (parsed.value.port ?? null) : null
}

function addressOf(server: string): string {
  const parsed = parseAddress(server.replace(/^localhost:/, '127.0.0.1:'))
  return parsed.ok ? parsed.value.address : server
}

function isLoopback(address: string): boolean {
  return /^127\.|^::1$/.test(address)
}

/** How the balancer writes it where that is not the host's own address. */
export function exampleServer(servers: readonly string[]): string {
  return servers[0] ?? serverText('10.0.0.11', 4000)
}
