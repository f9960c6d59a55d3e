/** What nginx does with the requests for the app. */
import type { Directive } from '../balancers/nginx-site.ts'
import type { BalancerFacts, Facts, HostFacts, NginxFacts } from './facts.ts'
import type { Diagnosis } from './finding.ts'
import { all, judgeOwnUpstreams, judgeUpstream } from './upstream.ts'

export function judgeNginx(facts: Facts): readonly Diagnosis[] {
  return [
    ...facts.balancers.flatMap((balancer) => [...unread(balancer), ...ofBalancer(balancer, facts)]),
    ...facts.hosts.flatMap((host) => [...staleFiles(host), ...judgeOwnUpstreams(host)]),
  ]
}

function unread({ host, whyNot }: BalancerFacts): readonly Diagnosis[] {
  return whyNot === null
    ? []
    : [{ weight: 'error', hosts: [host], text: whyNot, why: 'A deploy takes hosts out of rotation there.' }]
}

function ofBalancer({ host, nginx, report }: BalancerFacts, facts: Facts): readonly Diagnosis[] {
  if (nginx === null) return []
  const name = facts.config?.balancer?.upstream ?? ''
  const upstreams = all(nginx.site, 'upstream')
  const own = upstreams.find(({ args }) => args[0] === name)
  const usesSwitch = report !== null && report.missing.length === 0
  if (own === undefined && !usesSwitch && !isAsked(nginx.site, name)) return noUpstream(host, upstreams, facts)
  return [
    ...(report === null || usesSwitch ? [] : lacksSwitch(host, facts)),
    ...(report === null ? [] : siteFindings(host, report)),
    ...(own === undefined || usesSwitch ? [] : judgeUpstream(host, own, facts)),
    ...closesClients(host, nginx),
  ]
}

function noUpstream(
  host: string,
  upstreams: readonly Directive[],
  { environment, written }: Facts,
): readonly Diagnosis[] {
  const names = upstreams.flatMap(({ args }) => args.slice(0, 1)).filter((name) => !name.startsWith('zdr_'))
  return [
    {
      weight: 'error',
      hosts: [host],
      text: `nginx has no upstream of the name in \`balancer\`${names.length === 0 ? '' : `; it has ${names.join(', ')}`}`,
      why: 'Nobody passes requests to it, so taking a host out would change nothing.',
      place: written.place(['deploy', environment, 'balancer', 'upstream']),
      key: 'balancer.upstream',
      ...(names.length === 1 ? { hint: `upstream: '${names[0]}',` } : {}),
    },
  ]
}

function lacksSwitch(host: string, { environment }: Facts): readonly Diagnosis[] {
  return [
    {
      weight: 'error',
      hosts: [host],
      text: 'nginx does not use the switch yet',
      why: 'Without it no host can be taken out of rotation.',
      hint: `zdr-deploy ${environment} setup, which says the three lines that the site needs`,
    },
  ]
}

function siteFindings(host: string, { refusals, notes }: NonNullable<BalancerFacts['report']>): readonly Diagnosis[] {
  return [
    ...refusals.map((one) => ({ ...one, weight: 'error' as const })),
    ...notes.map((one) => ({ ...one, weight: 'warning' as const })),
  ].map(({ weight, file, line, text, hint }) => ({
    weight,
    hosts: [host],
    text: `\`${text}\``,
    why: hint,
    place: { file, line },
  }))
}

/** It is known since 1.27.4. */
const minTimeoutSince = [1, 27, 4]

function closesClients(host: string, { version, site }: NginxFacts): readonly Diagnosis[] {
  const http = site.find(({ name }) => name === 'http')
  if (version === null || http === undefined || isOlder(version, minTimeoutSince)) return []
  if (all(site, 'keepalive_min_timeout').length > 0) return []
  return [
    {
      weight: 'note',
      hosts: [host],
      text: 'there is no `keepalive_min_timeout`',
      why: 'A reload of nginx (not a deploy) closes connections on which clients are about to ask: they see a reset.',
      place: { file: http.file, line: http.line },
      hint: 'keepalive_min_timeout 1s;',
    },
  ]
}

/** nginx on the host itself, which gives out files of the release. */
function staleFiles({ host, probe, nginx }: HostFacts): readonly Diagnosis[] {
  if (nginx === null) return []
  const roots = [...all(nginx.site, 'root'), ...all(nginx.site, 'alias')]
  const cached = all(nginx.site, 'open_file_cache').find(({ args }) => args[0] !== 'off')
  if (cached === undefined || !roots.some(({ args }) => args[0]?.startsWith(`${probe.base}/current`))) return []
  return [
    {
      weight: 'warning',
      hosts: [host],
      text: '`open_file_cache` is on, and nginx gives out files below `current`',
      why: 'After a deploy it goes on with the files of the old release for a while.',
      place: { file: cached.file, line: cached.line },
      hint: 'open_file_cache off;',
    },
  ]
}

function isAsked(site: readonly Directive[], upstream: string): boolean {
  const name = upstream.replaceAll('.', String.raw`\.`)
  return all(site, 'proxy_pass').some(({ args }) =>
    new RegExp(`^https?://(${name}|\\$zdr_\\w+)(/|$)`).test(args[0] ?? ''),
  )
}

function isOlder(version: readonly number[], than: readonly number[]): boolean {
  const index = than.findIndex((part, place) => part !== version[place])
  return index >= 0 && (version[index] ?? 0) < (than[index] ?? 0)
}
