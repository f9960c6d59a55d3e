/** The two nginx files of an upstream, from the configuration alone. Pure, but for the templates read at start. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { UserError } from '../errors.ts'
import { everybodyIn, type Fleet, type OutSet, outSets } from './pools.ts'

export interface NginxPools extends Fleet {
  /** The name in the configuration, `shop`. */
  readonly upstream: string
  /** The loopback port at which nginx tells what it runs. */
  readonly statusPort: number
  /** Where the switch file is. `/var/lib/zdr-deploy/<upstream>` where it is not said. */
  readonly folder?: string
}

export interface Rendered {
  /** 16 hex digits over everything that was rendered; nginx says them at its status port. */
  readonly hash: string
  /** For the http level. */
  readonly upstreams: string
  /** For the server level. */
  readonly switch: string
  /** The variable that `proxy_pass` needs, without the `$`; also the name of the pool that leaves out nobody. */
  readonly variable: string
  readonly folder: string
  readonly outSets: readonly OutSet[]
}

const templates = {
  upstreams: readTemplate('upstreams.conf'),
  switch: readTemplate('switch.conf'),
}

/** Renders both files. Rejects, as UserError `config`, words that nginx would read as something else. */
export function renderNginx(pools: NginxPools): Rendered {
  const { upstream, statusPort } = pools
  const folder = folderOf(pools)
  refuseUnsafe('balancer.upstream', upstream, /^[A-Za-z0-9_.-]+$/)
  refuseUnsafe('the switch folder', folder, /^\/[A-Za-z0-9_./-]+$/)
  for (const { server } of pools.members) refuseUnsafe('server', server, /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+):\d+$/)
  const sets = outSets(pools)
  const variable = variableOf(upstream)
  const words = {
    upstream,
    folder,
    variable,
    statusPort: String(statusPort),
    everybody: everybodyIn,
    example: sets.find(({ hosts }) => hosts.length === 1)?.file ?? everybodyIn,
    pools: sets.map((set) => renderUpstream(set, pools, variable)).join('\n'),
  }
  const checks = (target: string, of: readonly OutSet[]): string =>
    of.map(({ file }) => `    if (-f ${folder}/${file}) { set $${target} ${poolOf(variable, file)}; }`).join('\n')
  const taken = sets.filter(({ file }) => file !== everybodyIn)
  const switchText = fill(templates.switch, { ...words, checks: checks(variable, taken).replaceAll(/^ {4}/gm, '') })
  const blank = fill(templates.upstreams, { ...words, checks: checks(`${variable}_seen`, sets), hash: '{{hash}}' })
  const hash = createHash('sha256').update(blank).update(switchText).digest('hex').slice(0, 16)
  return { hash, upstreams: fill(blank, { hash }), switch: switchText, variable, folder, outSets: sets }
}

/** Where the switch file is. */
export function folderOf({ upstream, folder }: Pick<NginxPools, 'upstream' | 'folder'>): string {
  return folder ?? `/var/lib/zdr-deploy/${upstream}`
}

/** The upstream block's name for a switch file: `zdr_shop`, `zdr_shop__out_10_0_0_11_4000`. */
export function poolOf(variable: string, file: string): string {
  return file === everybodyIn ? variable : `${variable}__${file}`
}

/** nginx's variables know neither `-` nor `.`; a few digits keep `my-shop` and `my.shop` apart. */
function variableOf(upstream: string): string {
  const plain = upstream.replaceAll(/[^A-Za-z0-9_]/g, '_')
  if (plain === upstream) return `zdr_${plain}`
  return `zdr_${plain}_${createHash('sha256').update(upstream).digest('hex').slice(0, 4)}`
}

/**
 * `down` and not left away: so the other hosts keep their keys where requests are spread by a hash. A survivor that
 * is alone must not be passed over for 10 s after one error (`max_fails=0`): nobody else is there. An idle connection
 * looks like a running request to whoever waits for the drain, so it may not stay for long; busy ones never idle.
 */
function renderUpstream(set: OutSet, { members }: Fleet, variable: string): string {
  const isAlone = members.length - set.hosts.length === 1
  const servers = members.map(({ name, server }) => {
    if (set.hosts.includes(name)) return `    server ${server} down;\n`
    return isAlone ? `    server ${server} max_fails=0;\n` : `    server ${server};\n`
  })
  const head = `upstream ${poolOf(variable, set.file)} {\n`
  return `${head}${servers.join('')}    keepalive 32;\n    keepalive_timeout 100ms;\n}\n`
}

function refuseUnsafe(what: string, word: string, safe: RegExp): void {
  if (!safe.test(word)) throw new UserError('config', `${what} is nothing that nginx can be told: ${word}`)
}

function fill(template: string, words: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{\{(\w+)\}\}/g, (whole, name: string) => words[name] ?? whole)
}

function readTemplate(name: string): string {
  return readFileSync(new URL(`../../templates/nginx/${name}`, import.meta.url), 'utf8')
}
