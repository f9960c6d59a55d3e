/** Where and how to connect: what our configuration says, else ~/.ssh/config, else OpenSSH's defaults. */
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import SshConfig from 'ssh-config'
import { UserError } from '../errors.ts'
import { localUser } from './local-user.ts'
import type { SshTarget } from './ssh.ts'
import type { Algorithms } from './ssh-algorithms.ts'
import { readWithIncludes } from './ssh-config-includes.ts'

export interface ResolveOptions {
  readonly name: string
  /** A name, an IP address, or an alias of ~/.ssh/config. */
  readonly address: string
  readonly user?: string | undefined
  readonly port?: number | undefined
  /** Files that must be there, `~` expanded. Where there are some, no others are used. */
  readonly keys: readonly string[]
  readonly ssh: {
    /** undefined: as ~/.ssh/config says, else 'yes'. */
    readonly strictHostKeyChecking?: SshTarget['strictHostKeyChecking'] | undefined
    /** Empty: as ~/.ssh/config says, else OpenSSH's files. */
    readonly knownHostsFiles: readonly string[]
    /** `[user@]host[:port]`, several with commas, or `none`. null: as ~/.ssh/config says. */
    readonly proxyJump: string | null
    /** undefined: as ~/.ssh/config says, else no. */
    readonly forwardAgent?: boolean | undefined
    /** undefined: as ~/.ssh/config says, else SSH_AUTH_SOCK. */
    readonly identityAgent?: string | undefined
    /** What is not there has its default. */
    readonly algorithms?: Algorithms
  }
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
}

const DEFAULT_PORT = 22
const DEFAULT_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa']
const DEFAULT_KNOWN_HOSTS = ['~/.ssh/known_hosts', '~/.ssh/known_hosts2', '/etc/ssh/ssh_known_hosts']
const JUMPS_MAX = 8

/** Rejects with UserError `config` for what ssh2 cannot do (ProxyCommand) and for jumps without end. Runs nothing (`Match exec`). */
export async function resolveTarget(options: ResolveOptions): Promise<SshTarget> {
  const config = SshConfig.parse(await readWithIncludes(join(options.home, '.ssh', 'config'), options.home))
  return resolve(options, { config, jumpsLeft: JUMPS_MAX })
}

interface Surroundings {
  readonly config: SshConfig
  readonly jumpsLeft: number
}

async function resolve(options: ResolveOptions, surroundings: Surroundings): Promise<SshTarget> {
  const { name, ssh, env } = options
  const found = lookUp(options, surroundings.config)
  const user = options.user ?? found.one('user') ?? localUser(env)
  const port = options.port ?? portOf(found.one('port')) ?? DEFAULT_PORT
  const address = (found.one('hostname') ?? '%h').replaceAll('%%', '%').replaceAll('%h', options.address)
  const expand = expander({ ...options, user, port, address })
  if (ssh.proxyJump === null && found.one('proxyjump') === undefined)
    refuseProxyCommand(name, found.one('proxycommand'))

  return {
    name,
    address,
    user,
    port,
    keys: options.keys.length > 0 ? options.keys : await readable(found.all('identityfile').map(expand), options.home),
    agent: agentOf(ssh.identityAgent ?? found.one('identityagent'), { env, expand }),
    forwardAgent: ssh.forwardAgent ?? found.one('forwardagent')?.toLowerCase() === 'yes',
    knownHostsFiles: firstFilled(ssh.knownHostsFiles, found.all('userknownhostsfile'), DEFAULT_KNOWN_HOSTS)
      .filter((file) => file !== 'none')
      .map(expand),
    strictHostKeyChecking: ssh.strictHostKeyChecking ?? strictness(found.one('stricthostkeychecking')),
    algorithms: ssh.algorithms ?? {},
    jump: await jumpTo(ssh.proxyJump ?? found.one('proxyjump') ?? 'none', { options, surroundings }),
  }
}

interface Found {
  one(option: string): string | undefined
  all(option: string): readonly string[]
}

function lookUp({ address, user }: ResolveOptions, config: SshConfig): Found {
  const computed = config.compute(
    { Host: address, ...(user !== undefined && { User: user }) },
    { ignoreCase: true, matchExec: false },
  )
  const all = (option: string): readonly string[] => [computed[option] ?? []].flat()
  return { all, one: (option) => all(option)[0] }
}

/** `~` and the tokens of ssh_config(5), TOKENS, that name files; `${VARIABLE}` too. */
function expander(target: ResolveOptions & { readonly user: string; readonly port: number }): (path: string) => string {
  const { home, env } = target
  const values: Readonly<Record<string, string>> = {
    '%': '%',
    d: home,
    h: target.address,
    p: String(target.port),
    r: target.user,
    u: localUser(env),
  }
  return (path) =>
    path
      .replace(/^~(?=\/|$)/, home)
      .replace(/%([%dhpru])/g, (_, token: string) => values[token] ?? '')
      .replace(/\$\{(\w+)\}/g, (_, variable: string) => env[variable] ?? '')
}

/** Those of the files, or of the usual ones, that are there: OpenSSH passes over the others, too. */
async function readable(files: readonly string[], home: string): Promise<readonly string[]> {
  const candidates = files.length > 0 ? files : DEFAULT_KEYS.map((key) => join(home, '.ssh', key))
  const checked = candidates.map((file) =>
    access(file, constants.R_OK).then(
      () => [file],
      () => [],
    ),
  )
  return (await Promise.all(checked)).flat()
}

function agentOf(
  written: string | undefined,
  { env, expand }: { readonly env: ResolveOptions['env']; readonly expand: (path: string) => string },
): string | null {
  if (written?.toLowerCase() === 'none') return null
  if (written === undefined || written === 'SSH_AUTH_SOCK') return env.SSH_AUTH_SOCK || null
  return (written.startsWith('$') ? env[written.replace(/[${}]/g, '')] : expand(written)) || null
}

/** Nobody can be asked while a fleet is deployed: `ask` is `yes`. */
function strictness(written: string | undefined): SshTarget['strictHostKeyChecking'] {
  const word = written?.toLowerCase()
  if (word === 'no' || word === 'off') return 'no'
  return word === 'accept-new' ? 'accept-new' : 'yes'
}

/** `a,b` means: to a, from there to b, and from there to the host. Each of them is looked up in ~/.ssh/config as well. */
async function jumpTo(
  written: string,
  { options, surroundings }: { readonly options: ResolveOptions; readonly surroundings: Surroundings },
): Promise<SshTarget | null> {
  if (written.toLowerCase() === 'none') return null
  const jumpsLeft = surroundings.jumpsLeft - 1
  if (jumpsLeft < 0) {
    throw new UserError(
      'config',
      `${options.name}: ProxyJump leads in a circle, or over more than ${JUMPS_MAX} machines`,
    )
  }
  const parts = written.split(',')
  const { user, address, port } = destination(parts.at(-1) ?? '')
  // `Host *` with a ProxyJump means the jump host itself, too; it is reached directly.
  if (address === options.address && (port ?? options.port) === options.port) return null
  const before = parts.slice(0, -1).join(',')
  const proxyJump = before === '' ? null : before
  const ssh = { ...options.ssh, proxyJump, forwardAgent: false }
  return resolve({ ...options, name: address, address, user, port, ssh }, { ...surroundings, jumpsLeft })
}

/** `[user@]host[:port]`, with or without `ssh://`; an IPv6 address with a port stands in brackets. */
function destination(written: string): Pick<ResolveOptions, 'user' | 'address' | 'port'> {
  const text = written
    .trim()
    .replace(/^ssh:\/\//, '')
    .replace(/\/$/, '')
  const at = text.lastIndexOf('@')
  const user = at < 0 ? undefined : text.slice(0, at)
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text.slice(at + 1)) ?? []
  return { user, address: bracketed ?? plain ?? text.slice(at + 1), port: portOf(port) }
}

function refuseProxyCommand(name: string, written: string | undefined): void {
  if (written === undefined || written.toLowerCase() === 'none') return
  throw new UserError('config', `${name}: ~/.ssh/config has a ProxyCommand for it, which is not supported`, {
    hint: 'Where it is `ssh -W %h:%p <jump host>`, write `ProxyJump <jump host>` instead.',
  })
}

function firstFilled(...lists: readonly (readonly string[])[]): readonly string[] {
  return lists.find((list) => list.length > 0) ?? []
}

function portOf(written: string | undefined): number | undefined {
  return written === undefined ? undefined : Number(written)
}
