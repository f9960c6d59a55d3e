/** What must be so where a site passes requests on to the app. Pure. */
import { retrySeconds } from './connection-scripts.ts'
import type { Directive } from './nginx-site.ts'
import { nearest, type Pass, type Refusal, refusal, type SiteWords } from './site-report.ts'

const retryMsMax = retrySeconds * 1_000

/** Directives that switch.conf sets for the server, what may override them in a location, and why nothing else may. */
export const overrides: Readonly<
  Record<string, { readonly isFine: (value: string) => boolean; readonly hint: string }>
> = {
  proxy_request_buffering: {
    isFine: (value) => value === 'off',
    hint: 'A buffered upload has no connection yet, and would be sent to a host that was taken out meanwhile. Remove it.',
  },
  proxy_http_version: {
    isFine: (value) => value !== '1.0',
    hint: 'With 1.0 an upload of unknown length is buffered, and sent to a host that was taken out meanwhile. Remove it.',
  },
  proxy_next_upstream_timeout: {
    isFine: (value) => milliseconds(value) > 0 && milliseconds(value) <= retryMsMax,
    hint: 'A later retry could go to a host that was taken out meanwhile. Remove it, or let it be at most 4s.',
  },
}

export function passRefusals(
  { directive, around, rest, isSwitched, server }: Pass,
  words: SiteWords,
): readonly Refusal[] {
  const { rendered } = words
  const refusals: Refusal[] = []
  if (rest !== '' && !(isSwitched && rest.startsWith('$'))) {
    const hint = `With a variable, nginx sends every request as \`${rest}\`. Leave \`${rest}\` away; to cut off a prefix use \`rewrite ^/prefix/(.*)$ /$1 break;\`.`
    refusals.push(refusal(directive, hint))
  }
  const headers = nearest(around, 'proxy_set_header')
  if (!headers.some(({ args }) => args[0]?.toLowerCase() === 'host')) {
    const hint = `The app would be asked for the pool's name ($${rendered.variable}) as its host. Add \`proxy_set_header Host $host;\` beside the other proxy_set_header lines that hold here.`
    refusals.push(refusal(directive, hint))
  }
  const [cache] = nearest(around, 'proxy_cache')
  if (cache && cache.args[0] !== 'off' && nearest(around, 'proxy_cache_key').length === 0) {
    const hint =
      "The default cache key holds the pool's name, and would change with every deploy. Add `proxy_cache_key $scheme$host$request_uri;`."
    refusals.push(refusal(cache, hint))
  }
  const inLocations = innerLevels(around)
  for (const [name, { isFine, hint }] of Object.entries(overrides)) {
    const overriding = inLocations.filter((candidate) => candidate.name === name && !isFine(candidate.args[0] ?? ''))
    refusals.push(...overriding.map((found) => refusal(found, hint)))
  }
  const mirror = nearest(around, 'mirror').find(({ args }) => args[0] !== 'off')
  if (mirror && nearest(around, 'mirror_request_body')[0]?.args[0] !== 'off') {
    refusals.push(
      refusal(
        mirror,
        'It reads the whole upload before nginx connects, so a deploy cannot see it. Add `mirror_request_body off;`.',
      ),
    )
  }
  if (!server) refusals.push(refusal(directive, 'It stands outside of any server block.'))
  return refusals
}

export function passNotes({ around }: Pass): readonly Refusal[] {
  const delays = nearest(around, 'limit_req').filter(
    ({ args }) => args.some((arg) => arg.startsWith('burst=')) && !args.includes('nodelay'),
  )
  const binds = nearest(around, 'proxy_bind').filter(({ args }) => args[0] !== 'off')
  const patient = innerLevels(around).filter(
    ({ name, args }) => name === 'proxy_connect_timeout' && milliseconds(args[0] ?? '') >= retryMsMax,
  )
  return [
    ...delays.map((found) =>
      refusal(
        found,
        'A request that it holds back for more than a second could reach a host that was taken out meanwhile. Add `nodelay`.',
      ),
    ),
    ...binds.map((found) =>
      refusal(
        found,
        'Connections then come from another address than the one that a deploy looks for on the hosts: it needs `ss` on the balancer.',
      ),
    ),
    ...patient.map((found) =>
      refusal(
        found,
        'nginx tries no other host after 4s, so a machine without power would cost requests. Remove it, or let it be at most 3500ms.',
      ),
    ),
  ]
}

/** Levels inside the server: there its own word wins over switch.conf's. `around` is http, server, location, … */
function innerLevels(around: Pass['around']): readonly Directive[] {
  return around.slice(2).flat()
}

/** Of `2s`, `500ms`, and `2`, which means seconds; Infinity for what is longer than these units are used for. */
function milliseconds(time: string): number {
  const [, number, unit = 's'] = /^(\d+)(ms|s)?$/.exec(time) ?? []
  if (number === undefined) return Number.POSITIVE_INFINITY
  return Number(number) * (unit === 's' ? 1_000 : 1)
}
