/** Where the balancer's connections to a server can be seen, and when none is left. */
import { isIP } from 'node:net'
import { UserError } from '../errors.ts'
import type { CommandResult, Host } from '../hosts/host.ts'
import { type Limit, type Limits, limitText } from '../hosts/limits.ts'
import { lateText } from '../hosts/run-script.ts'
import type { Member } from './balancer.ts'
import {
  type CountWords,
  countExit,
  countScript,
  holdScript,
  seenScript,
  settleScript,
  splitServer,
} from './connection-scripts.ts'

/** What a script may take beyond the time that it was given to wait. */
const marginMs = 15_000

/** `connect`: for a connection from the balancer to a server. `step`: for a list of connections. */
export type SightLimits = Pick<Limits, 'connect' | 'step'>

/** A machine on which a held connection was seen, and how to count there. */
export interface Sight {
  readonly machine: Host
  readonly count: CountWords
}

/** What holding one connection to a server showed. `closed`: nothing listens there. */
export type Held =
  | { readonly type: 'seen'; readonly sights: readonly Sight[] }
  | { readonly type: 'closed' }
  | { readonly type: 'unseen'; readonly why: string }

/**
 * Holds one connection from the balancer to the member's server, and looks for it on the app host and on the balancer
 * itself. NAT and containers may hide it on one side; hidden on both sides, a count of zero would mean nothing.
 */
export async function lookForConnections(machine: Host, member: Member, { connect, step }: SightLimits): Promise<Held> {
  const held = await machine.hold(holdScript(member.server))
  try {
    const said: string[] = []
    for (let line = await held.nextLine(connect); line !== null; line = await held.nextLine(connect)) {
      const localPort = /^held (\d+)$/.exec(line)?.[1]
      if (localPort !== undefined) return await sightsOf(machine, member, { localPort, limit: step })
      said.push(line)
    }
    const text = said.join(' ')
    return /refused/i.test(text) ? { type: 'closed' } : { type: 'unseen', why: text || 'the connection was not made' }
  } catch (error) {
    if (error instanceof UserError && error.code !== 'host-command') throw error
    return { type: 'unseen', why: `no connection within ${limitText(connect)}` }
  } finally {
    await held.release()
  }
}

/**
 * Where to count when nothing listens: no new connection can come about then, but requests of a process that closed
 * its port may still be running. So whatever is connected to that port counts, from wherever. Rejects with UserError
 * `balancer` where neither machine can count.
 */
export async function sightsOfClosed(machine: Host, { host, server }: Member, limit: Limit): Promise<readonly Sight[]> {
  const { address, port } = splitServer(server)
  const candidates: readonly Sight[] = [
    { machine: host, count: { filter: `( sport = :${port} )`, peers: null } },
    // A name cannot be compared with what `ss` lists.
    ...(isIP(address) ? [{ machine, count: { filter: `( dport = :${port} )`, peers: [address] } }] : []),
  ]
  const counts = await Promise.all(
    candidates.map(async (sight) => ({
      sight,
      can: (await listed(sight.machine, sight.count.filter, limit)) !== null,
    })),
  )
  const sights = counts.flatMap(({ sight, can }) => (can ? [sight] : []))
  if (sights.length > 0) return sights
  throw new UserError('balancer', `connections to ${server} cannot be counted: there is no \`ss\` on ${host.name}`)
}

/**
 * Resolves when the balancer can send none of these servers a request any more by an earlier decision; connections are
 * to be counted after it. Rejects with UserError `balancer` where that could not be waited for.
 */
export async function waitUntilSettled(machine: Host, servers: readonly string[]): Promise<void> {
  const limit = { timeoutMs: marginMs }
  const result = await machine.run(settleScript(servers), limit)
  if (result.code === 0) return
  const what = `late retries could not be waited for on ${machine.name}`
  throw new UserError('balancer', `${what}${lateText(result, limit)}`, { output: result.stderr })
}

/**
 * Resolves when no connection is left at any of the sights. Rejects with UserError `drain` where some are left when the
 * time is over, and with `balancer` where they could not be counted: then nobody may go on as if they had been seen.
 * See `Balancer.drained`.
 */
export async function waitUntilNone(
  sights: readonly Sight[],
  options: Limit & { readonly onWaiting?: (connections: number) => void },
): Promise<void> {
  const left = sights.map(() => 0)
  await Promise.all(
    sights.map(async ({ machine, count }, index) => {
      const result = await machine.run(countScript(count, Math.ceil(options.timeoutMs / 1000)), {
        timeoutMs: options.timeoutMs + marginMs,
        onLine: (line) => {
          const number = /^left (\d+)$/.exec(line)?.[1]
          if (number === undefined) return
          left[index] = Number(number)
          options.onWaiting?.(Math.max(...left))
        },
      })
      judge(result, machine, options)
    }),
  )
}

function judge({ code, stdout, stderr }: CommandResult, machine: Host, { setBy }: Limit): void {
  if (code === 0) return
  const left = [...stdout.matchAll(/^left (\d+)$/gm)].at(-1)?.[1]
  if (code === countExit.left) {
    const inTime = setBy === undefined ? '' : ` when the time is over (${setBy})`
    const what = `${left ?? 'some'} connections from the balancer are left`
    throw new UserError('drain', `${what}${inTime}, seen on ${machine.name}`)
  }
  throw new UserError('balancer', `connections could not be counted on ${machine.name}`, {
    hint: 'They are counted by `ss` (iproute2): without it nobody knows whether a request is still running.',
    output: stderr,
  })
}

async function sightsOf(
  machine: Host,
  { host, server }: Member,
  { localPort, limit }: { readonly localPort: string; readonly limit: Limit },
): Promise<Held> {
  const { port } = splitServer(server)
  const [onHost, onBalancer] = await Promise.all([
    peersOf(host, `( sport = :${port} and dport = :${localPort} )`, limit),
    peersOf(machine, `( sport = :${localPort} and dport = :${port} )`, limit),
  ])
  // Two peers with the same port of their own: one of them is somebody else. Then the balancer's side has to do.
  const hostSights =
    onHost.length === 1 ? [{ machine: host, count: { filter: `( sport = :${port} )`, peers: onHost } }] : []
  const balancerSights =
    onBalancer.length === 1 ? [{ machine, count: { filter: `( dport = :${port} )`, peers: onBalancer } }] : []
  const sights = [...hostSights, ...balancerSights]
  if (sights.length > 0) return { type: 'seen', sights }
  return {
    type: 'unseen',
    why: `a connection held open to ${server} is seen by \`ss\` neither there nor on the balancer`,
  }
}

/** null: `ss` is missing there, or failed. Rejects with UserError `balancer` where it did not end. */
async function listed(machine: Host, filter: string, limit: Limit): Promise<string | null> {
  const result = await machine.run(seenScript(filter), limit)
  if (result.timedOut) {
    const what = `${machine.name}: \`ss\` did not list the connections`
    throw new UserError('balancer', `${what}${lateText(result, limit)}`)
  }
  return result.code === 0 ? result.stdout : null
}

/** The addresses at the other end of the connections that match. None where `ss` is missing or failed. */
async function peersOf(machine: Host, filter: string, limit: Limit): Promise<readonly string[]> {
  const lines = (await listed(machine, filter, limit)) ?? ''
  const peers = lines.split('\n').flatMap((line) => line.trim().split(/\s+/).at(-1) || [])
  return [...new Set(peers.map((peer) => splitServer(peer).address))]
}
