/** The upstreams of an nginx that runs: for whoever writes a configuration. Reads only, with the rights that there are. */
import { UserError } from '../errors.ts'
import type { Host } from '../hosts/host.ts'
import type { Limit } from '../hosts/limits.ts'
import { asRights, findNginx } from './nginx-setup.ts'
import { type Directive, readSite } from './nginx-site.ts'
import { dumpScript, filesScript } from './setup-scripts.ts'

export interface Upstream {
  readonly name: string
  /** `10.0.0.11:4000`, in nginx's order; without those on a unix socket. */
  readonly servers: readonly string[]
}

const defaultPort = 80

/** Those with the most servers first; without the pools of our own. Rejects with UserError `balancer`. */
export async function readUpstreams(machine: Host, limit: Limit): Promise<readonly Upstream[]> {
  const { rights, master } = await findNginx(machine, { limit })
  const dumped = rights === 'none' ? null : await asRights(machine, rights, limit)(dumpScript(master))
  // A configuration that is broken on the disk can be read all the same.
  const result = dumped?.code === 0 ? dumped : await machine.run(filesScript(master), limit)
  // Of an output that is too long, the beginning is gone.
  if (result.code === 0 && result.stdout.startsWith('version ')) return upstreamsIn(readSite(result.stdout))
  throw new UserError('balancer', `the nginx configuration of ${machine.name} cannot be read`, {
    output: result.stderr.trim(),
  })
}

export function upstreamsIn(site: readonly Directive[]): readonly Upstream[] {
  const blocks = site.find(({ name }) => name === 'http')?.block ?? []
  return blocks
    .flatMap(({ name, args: [upstream = ''], block }) =>
      name === 'upstream' && !upstream.startsWith('zdr_') ? [{ name: upstream, servers: serversIn(block ?? []) }] : [],
    )
    .sort((one, other) => other.servers.length - one.servers.length)
}

function serversIn(block: readonly Directive[]): readonly string[] {
  return block.flatMap(({ name, args: [server = ''] }) => {
    if (name !== 'server' || server === '' || server.startsWith('unix:')) return []
    return [/:\d+$/.test(server) ? server : `${server}:${defaultPort}`]
  })
}
