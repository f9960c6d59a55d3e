/** From the answers to what is written. Pure. */
import { parseAddress, serverText } from '../../config/addresses.ts'
import { parseHealthUrl } from '../../config/health.ts'
import type { Part, Value } from './text.ts'

export interface HostAnswer {
  /** As typed: `deploy@web-1:2222`. */
  readonly host: string
  /** How nginx knows it, `10.0.0.11:4000`; null where nobody said: by that address, at the port of the health check. */
  readonly server: string | null
}

/** '' and empty lists: there is none, or it is there already. */
export interface Answers {
  readonly user: string
  readonly hosts: readonly HostAnswer[]
  readonly repo: string
  readonly ref: string
  readonly path: string
  readonly subdir: string
  readonly postDeploy: string
  readonly health: string
  readonly balancers: readonly string[]
  readonly upstream: string
}

/** The parts of an environment's block: nothing that was not said, and nothing that is so by default. */
export function blockParts(answers: Answers): readonly Part[] {
  const { user, hosts, repo, ref, path, subdir, postDeploy, health, balancers, upstream } = answers
  const rest = balancers.length > 0 ? ', while the host is out of rotation' : ', host by host'
  const parts: readonly { readonly comment: string; readonly entries: Readonly<Record<string, Value>> }[] = [
    {
      comment: 'The hosts that run the app, by their SSH addresses.',
      entries: { user, host: hostsValue(hosts, health) },
    },
    {
      comment: 'What is deployed, and where to. Each host fetches it with its own access to the repository.',
      entries: { ref, repo, path, subdir },
    },
    {
      comment: `Install and build run beside the running app; from the first other command on${rest}.`,
      entries: { 'post-deploy': postDeploy },
    },
    { comment: 'Asked on the host itself. Any 2xx answer is healthy.', entries: { health } },
    {
      comment:
        'What spreads requests over the hosts: the nginx machines, by their SSH addresses, and the upstream there.',
      entries: balancers.length === 0 ? {} : { balancer: { type: 'nginx', on: balancers, upstream } },
    },
  ]
  return parts
    .map(({ comment, entries }) => ({
      comment,
      entries: Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== '')),
    }))
    .filter(({ entries }) => Object.keys(entries).length > 0)
}

/** A single host, or the list of them; '' for none. */
function hostsValue(hosts: readonly HostAnswer[], health: string): Value {
  const values = hosts.map(({ host, server }) =>
    server === null || server === serverByDefault(host, health) ? host : { host, server },
  )
  return values.length === 1 && typeof values[0] === 'string' ? values[0] : values.length === 0 ? '' : values
}

/** How nginx is taken to know a host that says nothing of it; null where there is no port to know it by. */
export function serverByDefault(host: string, health: string): string | null {
  const address = parseAddress(host)
  const url = parseHealthUrl(health)
  return address.ok && url.ok ? serverText(address.value.address, url.value.port) : null
}

/** For whoever was not asked. */
export const feltText = 'requests reach a host while it reloads: name nginx with `--balancer`'

/** Several hosts, with those that are there already, and nothing that takes one out. */
export function isFeltByUsers({ hosts, balancers }: Answers, existing: Readonly<Record<string, unknown>>): boolean {
  const all = Object.hasOwn(existing, 'host') ? [existing.host].flat() : hosts
  return all.length > 1 && balancers.length === 0 && !Object.hasOwn(existing, 'balancer')
}
