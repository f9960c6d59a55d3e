/** Makes an nginx machine ready for deploys, once: our two files, the switch folder, one reload. May be repeated. */
import { posix } from 'node:path'
import { UserError } from '../errors.ts'
import type { CommandResult, Host, RunOptions } from '../hosts/host.ts'
import type { Limit } from '../hosts/limits.ts'
import { lateText } from '../hosts/run-script.ts'
import { fileWithout, holdOutExit } from './hold-out.ts'
import { observeScript } from './nginx-scripts.ts'
import { type Directive, readSite } from './nginx-site.ts'
import { type NginxPools, type Rendered, renderNginx } from './render.ts'
import { applyExit, applyScript, dumpScript, findScript, type Master, readTitle } from './setup-scripts.ts'
import { inspectSite } from './site-checks.ts'
import type { SiteReport } from './site-report.ts'
import { interpret, isTrouble, readFacts } from './switch-state.ts'

export interface SetupOptions extends NginxPools {
  /** Where our two files go: `zdr-deploy` beside nginx's main file where it is not said. */
  readonly configFolder?: string
  /** The user who deploys; the user of the connection where it is not said. */
  readonly owner?: string
  /** The main file (`-c`) of the nginx that is meant, where several run. */
  readonly nginxConfig?: string
  /** For each script. */
  readonly limit: Limit
  /** Names of members that have nothing to serve yet: they are left out from the first moment on, as by a deploy. */
  readonly newcomers?: readonly string[]
}

export interface SetupReport extends SiteReport {
  /** True where a file was written, or nginx read its configuration anew. */
  readonly changed: boolean
  /** nginx itself says that it runs these pools, and its site uses them. A deploy can begin. */
  readonly live: boolean
  /** What somebody with the rights has to run, where this user has none. */
  readonly script: string | null
}

/** `keepalive_timeout` in an upstream block came with it. */
const minVersion = [1, 15, 3] as const

const again = 'It may be run again.'

type Rights = 'root' | 'own' | 'sudo' | 'none'

export interface FoundNginx {
  readonly user: string
  readonly rights: Rights
  readonly master: Master
}

/**
 * Writes, tests and makes live what a deploy needs; changes nothing where that is so already, and nothing where the
 * site would break (`refusals`). As long as lines are missing in the user's site, nginx is not reloaded: when they are
 * there, run it again. Rejects with UserError `balancer`; then the former files are back.
 */
export async function setupNginx(machine: Host, options: SetupOptions): Promise<SetupReport> {
  const rendered = renderNginx(options)
  const { newcomers = [] } = options
  if (newcomers.length > 0) fileWithout(rendered, newcomers)
  const found = await findNginx(machine, options)
  const site = siteWords(options, rendered)
  const words = {
    ...site,
    master: found.master,
    statusPort: options.statusPort,
    owner: options.owner ?? found.user,
    newcomers,
  }
  const nothing: SiteReport = { missing: [], refusals: [], notes: [] }
  if (found.rights === 'none') {
    const live = await isLive(machine, options, rendered)
    return { ...nothing, changed: false, live, script: live ? null : applyScript({ ...words, isSiteReady: 'ask' }) }
  }
  const privileged = asRights(machine, found.rights, options.limit)
  const apply = async (isSiteReady: 'yes' | 'no'): Promise<readonly string[]> => {
    const result = await privileged(applyScript({ ...words, isSiteReady }))
    if (result.code !== 0) throw refused(machine, result, rendered)
    return result.stdout.split('\n')
  }
  const inspect = async (): Promise<SiteReport | null> => {
    const dump = await readDump(machine, await privileged(dumpScript(found.master)), site)
    return dump === null ? null : inspectSite(readSite(dump), site)
  }

  const before = await inspect()
  // Their site names our files already, which are not there yet: once written, the site can be read.
  const written = before === null ? await apply('no') : []
  const report = before ?? (await inspect())
  if (!report) throw new UserError('balancer', `the nginx configuration of ${machine.name} cannot be read`)
  const isReady = report.missing.length === 0 && report.refusals.length === 0
  const said = report.refusals.length > 0 ? [] : await apply(isReady ? 'yes' : 'no')
  const all = [...written, ...said]
  const changed = all.some((line) => line.startsWith('changed ') || line === 'reloaded')
  return { ...report, changed, live: all.includes('live'), script: null }
}

/** What is looked for in a site. */
type SiteOptions = Omit<SetupOptions, 'limit'>

/** What that site lacks for the switch of that fleet, and what the switch would break. Pure. */
export function reportSite(site: readonly Directive[], options: SiteOptions): SiteReport {
  return inspectSite(site, siteWords(options, renderNginx(options)))
}

function siteWords(options: SiteOptions, rendered: Rendered) {
  const { upstream, members, nginxConfig = '/etc/nginx/nginx.conf' } = options
  const { configFolder = posix.join(posix.dirname(nginxConfig), 'zdr-deploy') } = options
  return {
    upstream,
    rendered,
    servers: members.map(({ server }) => server),
    upstreamsPath: `${configFolder}/${upstream}.upstreams.conf`,
    switchPath: `${configFolder}/${upstream}.switch.conf`,
  }
}

/** The nginx that runs there: `nginxConfig` says which, where several do. Rejects with UserError `balancer`. */
export async function findNginx(
  machine: Host,
  { nginxConfig, limit }: Pick<SetupOptions, 'nginxConfig' | 'limit'>,
): Promise<FoundNginx> {
  const { stdout, stderr } = await inTime(machine, findScript, limit)
  const user = /^user (.+)$/m.exec(stdout)?.[1] ?? 'root'
  const all = [...stdout.matchAll(/^master (root|own|sudo|none) (\d+) (.+)$/gm)].map(([, rights, pid, title]) => ({
    user,
    rights: rights as Rights,
    master: readTitle(Number(pid), title ?? ''),
  }))
  const meant = all.filter(({ master }) => nginxConfig === undefined || master.flags.includes(nginxConfig))
  const [first, second] = meant
  if (first && !second) return first
  if (!first) {
    throw new UserError('balancer', `no nginx runs on ${machine.name}`, {
      hint: 'Start it, then run this again.',
      output: stderr,
    })
  }
  const names = meant.map(({ master }) => `${master.pid}: ${master.binary} ${master.flags.join(' ')}`)
  throw new UserError('balancer', `several nginx run on ${machine.name}`, {
    hint: 'Say which is meant: `config` in the balancer block is the main file that it was started with (`-c`).',
    output: names.join('\n'),
  })
}

/** The script goes in by stdin: it may be longer than an argument may be. */
export function asRights(machine: Host, rights: Rights, limit: Limit): (script: string) => Promise<CommandResult> {
  const shell = rights === 'sudo' ? 'sudo -n sh -s' : 'sh -s'
  return (script) => inTime(machine, shell, { ...limit, stdin: script })
}

/** Rejects with UserError `balancer` where its time was over: what it said by then means nothing. */
async function inTime(machine: Host, script: string, options: Limit & RunOptions): Promise<CommandResult> {
  const result = await machine.run(script, options)
  if (!result.timedOut) return result
  const what = `${machine.name}: setup did not come to its end`
  throw new UserError('balancer', `${what}${lateText(result, options)}`, { hint: again, output: result.stderr })
}

/** What `nginx -T` printed; null where it failed for want of one of our files. */
async function readDump(
  machine: Host,
  result: CommandResult,
  site: ReturnType<typeof siteWords>,
): Promise<string | null> {
  const { code, stdout, stderr } = result
  const [first = '', ...rest] = stdout.split('\n')
  const version = /^version \S+?\/(\d+)\.(\d+)\.(\d+)/.exec(first)
  if (version && isOlder(version.slice(1).map(Number))) {
    throw new UserError('balancer', `${machine.name} runs ${first.slice('version '.length)}: 1.15.3 or newer is needed`)
  }
  if (code === 0 && version) return rest.join('\n')
  if (stderr.includes(site.upstreamsPath) || stderr.includes(site.switchPath)) return null
  if (code === 0) throw new UserError('balancer', `the nginx configuration of ${machine.name} is too long to be read`)
  throw new UserError('balancer', `the nginx configuration of ${machine.name} is broken already: nothing was changed`, {
    hint: 'Mend what `nginx -t` says, then run setup again.',
    output: stderr,
  })
}

function isOlder(version: readonly number[]): boolean {
  const index = minVersion.findIndex((part, place) => part !== version[place])
  return index >= 0 && (version[index] ?? 0) < (minVersion[index] ?? 0)
}

async function isLive(machine: Host, { statusPort, limit }: SetupOptions, rendered: Rendered): Promise<boolean> {
  const { stdout } = await inTime(machine, observeScript(rendered.folder, statusPort), limit)
  const facts = readFacts(stdout)
  return facts.live === rendered.hash && !isTrouble(interpret(facts, rendered))
}

function refused(machine: Host, { code, stderr }: CommandResult, { folder }: Rendered): UserError {
  const output = stderr.trim()
  const fail = (message: string, hint: string): UserError =>
    new UserError('balancer', `${machine.name}: ${message}`, { hint, output })
  switch (code ?? -1) {
    case applyExit.brokenBefore:
      return fail(
        'the nginx configuration is broken already, nothing was changed',
        'Mend what `nginx -t` says, then run setup again.',
      )
    case applyExit.switchFile:
      return fail(
        `the switch in ${folder} stands on a host that is out, and the new pools do not know it`,
        'Put it back first: rename the file to `in`.',
      )
    case applyExit.brokenByUs:
      return fail(
        'nginx does not take the new files, the former ones are back',
        'Do the names of the hosts resolve there?',
      )
    case holdOutExit:
      return fail(
        'new hosts are left out until they have a release, and somebody else is out already',
        'Let a deploy put it back first; or rename the file to `in`, where it was taken out by hand.',
      )
    case applyExit.notLive:
      return fail(
        'nginx did not take over the new configuration, the former files are back',
        "Look into nginx's error log: often a port is taken.",
      )
    case applyExit.blind:
      return fail(`nginx's workers cannot enter ${folder}`, 'Every folder above it must let them pass (chmod a+x).')
    case applyExit.gone:
      return fail('nginx was started anew meanwhile', 'Run setup again.')
    default:
      return fail('setup did not come to its end', again)
  }
}
