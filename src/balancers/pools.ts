/** Which sets of hosts a rollout may have to leave out, and the name that each set goes by. Pure. */
import { createHash } from 'node:crypto'
import { UserError } from '../errors.ts'

/** A host of the fleet, and the server (`10.0.0.11:4000`) by which the balancer knows it. */
export interface PoolMember {
  readonly name: string
  readonly server: string
}

/** Hosts that can be left out together, and the name of the switch file that says so. */
export interface OutSet {
  /** Host names, in the fleet's order. Empty: everybody is in. */
  readonly hosts: readonly string[]
  readonly file: string
}

export interface Fleet {
  readonly members: readonly PoolMember[]
  /** Fixed groups of host names. */
  readonly batches: readonly (readonly string[])[]
}

/** The switch file's name where nobody is out: there is always exactly one such file in the folder. */
export const everybodyIn = 'in'

/** Longer names become a hash: file systems end at 255 bytes, and people sooner. */
const nameMaxLength = 100

/**
 * Every set is a check for each request, and with one host more they grow by the square: measured at one worker's
 * status port, 20,400 requests a second with 3 hosts, 8,150 with 10, 2,480 with 20, 714 with 50.
 */
const oneMoreHostsMax = 12

/**
 * Nobody; each host; each batch; and, in a fleet of at most 12, each of those with one more host, for a host that is
 * lost or out by hand. Never everybody (promise 4), and no set twice. Rejects members that share a server with UserError `config`.
 */
export function outSets(fleet: Fleet): readonly OutSet[] {
  refuseSharedServers(fleet.members)
  const names = fleet.members.map(({ name }) => name)
  const alone = [[], ...names.map((name) => [name]), ...fleet.batches]
  const oneMore = names.length > oneMoreHostsMax ? [] : alone.flatMap((set) => names.map((name) => [...set, name]))
  const byKey = new Map<string, readonly string[]>()
  for (const set of [...alone, ...oneMore]) {
    const hosts = names.filter((name) => set.includes(name))
    if (hosts.length === 0 || hosts.length < names.length) byKey.set(hosts.join('\n'), hosts)
  }
  return named([...byKey.values()], fleet.members)
}

/** The out set that leaves out exactly these hosts, in whatever order they come; undefined where there is no pool for it. */
export function findOutSet(sets: readonly OutSet[], out: readonly string[]): OutSet | undefined {
  const wanted = new Set(out)
  return sets.find(({ hosts }) => hosts.length === wanted.size && hosts.every((host) => wanted.has(host)))
}

function refuseSharedServers(members: readonly PoolMember[]): void {
  for (const { name, server } of members) {
    const other = members.find((member) => member.server === server && member.name !== name)
    if (other) throw new UserError('config', `${name} and ${other.name} are the same server to the balancer: ${server}`)
  }
}

/**
 * Names stem from addresses, not from places in a list: those shift when the fleet changes, and a file of the old
 * fleet would silently take out another host. Two sets whose readable names are the same go by their hashes.
 */
function named(sets: readonly (readonly string[])[], members: readonly PoolMember[]): readonly OutSet[] {
  const serverOf = new Map(members.map(({ name, server }) => [name, server]))
  const serversOf = sets.map((hosts) => hosts.map((host) => serverOf.get(host) ?? host).toSorted())
  const readable = serversOf.map(readableName)
  return sets.map((hosts, index) => {
    const name = readable[index] ?? ''
    const isUsable = name.length <= nameMaxLength && readable.indexOf(name) === readable.lastIndexOf(name)
    return { hosts, file: isUsable ? name : hashedName(serversOf[index] ?? []) }
  })
}

function readableName(servers: readonly string[]): string {
  if (servers.length === 0) return everybodyIn
  return `out_${servers.map((server) => server.replaceAll(/[^A-Za-z0-9]/g, '_')).join('__')}`
}

function hashedName(servers: readonly string[]): string {
  return `out_${createHash('sha256').update(servers.join('\n')).digest('hex').slice(0, 16)}`
}
