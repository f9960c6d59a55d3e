/** How nginx passes requests on to the app: its servers, and the connections that it keeps to them. */
import type { Directive } from '../balancers/nginx-site.ts'
import type { Facts, HostFacts } from './facts.ts'
import type { Diagnosis } from './finding.ts'

/** The upstream of the balancer. */
export function judgeUpstream(host: string, upstream: Directive, { hosts }: Facts): readonly Diagnosis[] {
  const inside = upstream.block ?? []
  const servers = inside.filter(({ name }) => name === 'server')
  const place = { file: upstream.file, line: upstream.line }
  return [
    ...(servers.length === 1
      ? [
          {
            weight: 'warning' as const,
            hosts: [host],
            text: `upstream ${upstream.args[0]} has one server`,
            why: 'Nobody stands in for it while it reloads, or when it dies.',
            place,
            hint: 'server <another host>:<port>;',
          },
        ]
      : []),
    ...keptTooLong(host, upstream, hosts),
  ]
}

/** nginx's own default, and Node's. */
const keptSeconds = 60

/** Node closes an idle connection that nginx is about to use: a POST on it is answered with 502. */
function keptTooLong(
  host: string,
  { args, block, file, line }: Directive,
  hosts: readonly HostFacts[],
): readonly Diagnosis[] {
  const inside = block ?? []
  const nodeSeconds = Math.min(...hosts.flatMap(({ health }) => health?.keepAliveSeconds ?? []))
  const written = inside.find(({ name }) => name === 'keepalive_timeout')
  const nginxSeconds = written === undefined ? keptSeconds : seconds(written.args[0] ?? '')
  if (!inside.some(({ name }) => name === 'keepalive') || nginxSeconds === null || nginxSeconds < nodeSeconds) return []
  return [
    {
      weight: 'warning',
      hosts: [host],
      text: `nginx keeps idle connections to ${args[0]} for ${nginxSeconds} s, and the app closes them after ${nodeSeconds} s`,
      why: 'Now and then both happen at once: that request is answered with 502.',
      place: written === undefined ? { file, line } : { file: written.file, line: written.line },
      hint: `keepalive_timeout ${Math.max(1, nodeSeconds - 1)}s;`,
    },
  ]
}

function seconds(text: string): number | null {
  const match = /^(\d+)(ms|s|m|h)?$/.exec(text)
  const factors: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 }
  return match === null ? null : Number(match[1]) * (factors[match[2] ?? 's'] ?? 1)
}

/** nginx on the host itself, before the app. */
export function judgeOwnUpstreams(facts: HostFacts): readonly Diagnosis[] {
  const { host, nginx, health, checkup } = facts
  const ports = [...(checkup?.ports ?? []), ...(health === null ? [] : [Number(new URL(health.url).port)])].map(String)
  const isApp = ({ block }: Directive): boolean =>
    block?.some(({ name, args }) => {
      const port = /^(?:127\.0\.0\.1|localhost|\[::1\]):(\d+)$/.exec(args[0] ?? '')?.[1]
      return name === 'server' && port !== undefined && ports.includes(port)
    }) === true
  const upstreams = nginx === null ? [] : all(nginx.site, 'upstream').filter(isApp)
  return upstreams.flatMap((upstream) => keptTooLong(host, upstream, [facts]))
}

/** Wherever it stands. */
export function all(directives: readonly Directive[], name: string): readonly Directive[] {
  return directives.flatMap((directive) => [
    ...(directive.name === name ? [directive] : []),
    ...all(directive.block ?? [], name),
  ])
}
