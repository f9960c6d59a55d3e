/** What the user's site lacks for the switch, and what in it the switch would break. Pure. */
import type { Directive } from './nginx-site.ts'
import { overrides, passNotes, passRefusals } from './pass-checks.ts'
import {
  includes,
  type MissingLine,
  type Pass,
  place,
  type Refusal,
  refusal,
  type SiteReport,
  type SiteWords,
  written,
} from './site-report.ts'

/** Looks through a whole configuration (see `readSite`). It is ready where nothing is missing and nothing refused. */
export function inspectSite(site: readonly Directive[], words: SiteWords): SiteReport {
  const http = site.find(({ name }) => name === 'http')
  if (!http) return { missing: [{ where: 'in nginx.conf', text: 'http { … }' }], refusals: [], notes: [] }
  const passes = findPasses(http, words)
  return {
    missing: missingLines(http, passes, words),
    refusals: [
      ...passes.flatMap((pass) => passRefusals(pass, words)),
      ...[...new Set(passes.map(({ server }) => server))].flatMap((server) => serverRefusals(server, words)),
      ...lostMethods(upstreamBlock(http, words.upstream), lostMeaning),
    ],
    notes: [
      ...passes.flatMap(passNotes),
      ...lostMethods(upstreamBlock(http, words.upstream), lostShares),
      ...lostServers(upstreamBlock(http, words.upstream), words.servers),
    ],
  }
}

function findPasses(http: Directive, { upstream, rendered }: SiteWords): readonly Pass[] {
  const target = new RegExp(
    `^https?://(?:(${literally(upstream)})|\\$${rendered.variable}|\\$\\{${rendered.variable}\\})((?![\\w.-]).*)?$`,
  )
  const walk = (
    block: readonly Directive[],
    around: Pass['around'],
    server: Directive | undefined,
  ): readonly Pass[] => {
    const levels = [...around, block]
    return block.flatMap((directive) => {
      if (directive.block) return walk(directive.block, levels, directive.name === 'server' ? directive : server)
      const match = directive.name === 'proxy_pass' ? target.exec(directive.args[0] ?? '') : null
      if (!match) return []
      return [{ directive, around: levels, rest: match[2] ?? '', isSwitched: match[1] === undefined, server }]
    })
  }
  return walk(http.block ?? [], [], undefined)
}

function missingLines(http: Directive, passes: readonly Pass[], words: SiteWords): readonly MissingLine[] {
  const { upstreamsPath, switchPath, rendered } = words
  const passLine = `proxy_pass http://$${rendered.variable};`
  const servers = [...new Set(passes.flatMap(({ server }) => server ?? []))]
  const withoutSwitch = servers.filter(({ block }) => !block?.some((directive) => includes(directive, switchPath)))
  const hasPools = http.block?.some((directive) => includes(directive, upstreamsPath)) === true
  const inServer = { where: 'first in the server block of your site', text: `include ${switchPath};` }
  const inLocation = { where: 'in its location', text: passLine }
  return [
    ...(hasPools
      ? []
      : [
          {
            where: `in the http block, ${place(http)}, or above the server block in the site's file`,
            text: `include ${upstreamsPath};`,
          },
        ]),
    ...withoutSwitch.map((server) => ({ where: `first in the server block, ${place(server)}`, text: inServer.text })),
    ...passes.flatMap(({ directive, isSwitched }) =>
      isSwitched ? [] : [{ where: `instead of \`${written(directive)}\`, ${place(directive)}`, text: passLine }],
    ),
    ...(passes.length === 0 ? [inServer, inLocation] : []),
  ]
}

/** Beside `overrides`: a location may set these as it likes. */
const setBySwitch = ['open_file_cache', 'proxy_connect_timeout']

/** What stands in a server block and quarrels with switch.conf, which is included there. */
function serverRefusals(server: Directive | undefined, { switchPath }: SiteWords): readonly Refusal[] {
  const own = (server?.block ?? []).filter(({ file }) => file !== switchPath)
  const doubled = own.filter(({ name }) => name in overrides || setBySwitch.includes(name))
  const included = own.findIndex((directive) => includes(directive, switchPath))
  const before = own.slice(0, Math.max(included, 0)).filter(endsRewriting)
  return [
    ...doubled.map((found) => refusal(found, `${switchPath} sets it for this server: remove it here.`)),
    ...before.map((found) =>
      refusal(found, `It ends before the pool is chosen. Put \`include ${switchPath};\` above it.`),
    ),
  ]
}

function endsRewriting({ name, args, block }: Directive): boolean {
  if (name === 'if') return block?.some(endsRewriting) === true
  return name === 'break' || (name === 'rewrite' && ['last', 'break'].includes(args[2] ?? ''))
}

const stays = 'clients would no longer stay with one host'
const lostMeaning: Readonly<Record<string, string>> = { ip_hash: stays, hash: stays, sticky: stays }
const inTurn = 'requests would be spread in turn'
const lostShares: Readonly<Record<string, string>> = { least_conn: inTurn, random: inTurn }

/** Their own `upstream` block: ours replaces it, with nothing but the fleet's servers. */
function upstreamBlock(http: Directive, upstream: string): readonly Directive[] {
  return http.block?.find(({ name, args }) => name === 'upstream' && args[0] === upstream)?.block ?? []
}

function lostMethods(block: readonly Directive[], lost: Readonly<Record<string, string>>): readonly Refusal[] {
  return block.flatMap((directive) => {
    const why = lost[directive.name]
    return why === undefined ? [] : [refusal(directive, `The pools of zdr-deploy do not have it: ${why}.`)]
  })
}

function lostServers(block: readonly Directive[], servers: readonly string[]): readonly Refusal[] {
  return block.flatMap((directive) => {
    const [server = '', ...parameters] = directive.args
    if (directive.name !== 'server') return []
    if (!servers.includes(server))
      return [refusal(directive, 'It is no host of this fleet: it would get no more requests.')]
    const special = parameters.filter((parameter) => /^(weight=|backup$|max_conns=)/.test(parameter))
    if (special.length === 0) return []
    return [refusal(directive, `The pools of zdr-deploy do not have \`${special.join(' ')}\`.`)]
  })
}

function literally(text: string): string {
  return text.replaceAll(/[.+^${}()|\\-]/g, String.raw`\$&`)
}
