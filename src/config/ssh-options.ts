import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { type AlgorithmKind, type Algorithms, chosenAlgorithms, knownAlgorithms } from '../hosts/ssh-algorithms.ts'
import { parsePort } from './addresses.ts'
import { nearest } from './nearest.ts'
import { invalid, type Parsed, valid } from './problem.ts'

/** What `ssh_options` says; what it does not say is undefined. */
export interface WrittenSshOptions {
  readonly strictHostKeyChecking?: 'yes' | 'no' | 'accept-new'
  readonly knownHostsFiles?: readonly string[]
  readonly user?: string
  readonly port?: number
  readonly identityFiles?: readonly string[]
  /** null: `none`. */
  readonly proxyJump?: string | null
  readonly forwardAgent?: boolean
  readonly identityAgent?: string
  readonly connectTimeoutMs?: number
  readonly algorithms?: Algorithms
  readonly warnings?: readonly string[]
}

/** Options that change nothing for us, and why. They are named in a warning, so that nobody counts on them. */
const ignored: Readonly<Record<string, string>> = {
  addkeystoagent: 'keys are never added to an agent',
  addressfamily: 'each address of a name is tried',
  batchmode: 'nothing is ever asked here',
  checkhostip: 'host keys are checked by name',
  compression: 'compression is not used',
  connectionattempts: 'a lost connection is made anew anyway',
  clearallforwardings: 'nothing is forwarded but the agent, where that is asked for',
  controlmaster: 'one connection a host is kept open anyway',
  controlpath: 'one connection a host is kept open anyway',
  controlpersist: 'one connection a host is kept open anyway',
  exitonforwardfailure: 'nothing is forwarded but the agent, where that is asked for',
  forwardx11: 'nothing is forwarded but the agent, where that is asked for',
  globalknownhostsfile: 'where `UserKnownHostsFile` is written, only its files are read',
  gssapiauthentication: 'only keys are used',
  gssapidelegatecredentials: 'only keys are used',
  hashknownhosts: 'known_hosts files are only read',
  hostbasedauthentication: 'only keys are used',
  identitiesonly: 'the keys of the configuration are tried first',
  kbdinteractiveauthentication: 'only keys are used',
  ipqos: 'packets are not marked',
  loglevel: '--verbose shows more',
  numberofpasswordprompts: 'nothing is ever asked here',
  passwordauthentication: 'only keys are used',
  preferredauthentications: 'only keys are used',
  protocol: 'it is always 2',
  pubkeyacceptedalgorithms: 'a key is used in each way that the server takes',
  pubkeyacceptedkeytypes: 'a key is used in each way that the server takes',
  pubkeyauthentication: 'only keys are used',
  serveralivecountmax: 'a dead host is noticed within 15 s anyway',
  serveraliveinterval: 'a dead host is noticed within 15 s anyway',
  tcpkeepalive: 'a dead host is noticed within 15 s anyway',
  updatehostkeys: 'known_hosts files are only read',
  visualhostkey: 'host keys are shown by their fingerprint',
}

/** Options that would change something, and what to write instead. */
const elsewhere: Readonly<Record<string, string>> = {
  certificatefile: 'certificates are not supported: put the public key into authorized_keys',
  dynamicforward: 'open the tunnel apart from the deploy',
  hostkeyalias: 'put the key into known_hosts under the name that is in `host`',
  hostname: 'write it as `host`',
  localforward: 'open the tunnel apart from the deploy',
  proxycommand: 'write `ProxyJump=user@host:port`',
  remoteforward: 'open the tunnel apart from the deploy',
  remotecommand: 'write it as a hook',
  requesttty: 'commands run without a terminal here',
  sendenv: 'write it in `env`',
  setenv: 'write it in `env`',
}

const understood = [
  ...['StrictHostKeyChecking', 'UserKnownHostsFile', 'User', 'Port', 'IdentityFile', 'IdentityAgent', 'ProxyJump'],
  ...['ForwardAgent', 'ConnectTimeout', 'KexAlgorithms', 'Ciphers', 'MACs', 'HostKeyAlgorithms'],
]

const algorithmLists: Readonly<Record<string, AlgorithmKind>> = {
  kexalgorithms: 'kex',
  ciphers: 'cipher',
  macs: 'hmac',
  hostkeyalgorithms: 'serverHostKey',
}

/** `['StrictHostKeyChecking=no', '-o Port=2222']`. As in ssh, the first mention of an option counts. All problems at once. */
export function parseSshOptions(lines: readonly string[], cwd: string): Parsed<WrittenSshOptions> {
  const results = lines.flatMap(separate).map((line) => parseOption(line, cwd))
  const problems = results.flatMap((result) => (result.ok ? [] : [result.problem]))
  if (problems.length > 0) return invalid(problems.join('; '))
  const written = results.flatMap((result) => (result.ok ? [result.value] : []))
  const identityFiles = written.flatMap((options) => options.identityFiles ?? [])
  return valid({
    ...Object.assign({}, ...written.toReversed()),
    ...(identityFiles.length > 0 ? { identityFiles } : {}),
    algorithms: Object.assign({}, ...written.toReversed().map((options) => options.algorithms)),
    warnings: written.flatMap((options) => options.warnings ?? []),
  })
}

/** A local file: `~` is the home of whoever runs the deploy. */
export function localFile(file: string, cwd: string): string {
  return resolve(cwd, file.replace(/^~(?=$|\/)/, homedir()))
}

/** One text may hold several options: pm2 deploy hands it to ssh as it is. */
function separate(line: string): readonly string[] {
  return line
    .split(/(?:^|\s)-o\s*/)
    .map((option) => option.trim())
    .filter((option) => option !== '')
}

function parseOption(line: string, cwd: string): Parsed<WrittenSshOptions> {
  const match = /^([A-Za-z]\w*)\s*(?:=|\s)\s*(.+)$/.exec(line)
  const [, name = '', quoted = ''] = match ?? []
  if (match === null) return invalid(`cannot be read at \`${line}\`: write options as \`Name=value\``)
  const value = quoted.replaceAll(/^"|"$/g, '')
  switch (name.toLowerCase()) {
    case 'stricthostkeychecking':
      return strictHostKeyChecking(value)
    case 'userknownhostsfile':
      return valid({ knownHostsFiles: value.split(/\s+/).map((file) => localFile(file, cwd)) })
    case 'user':
      return /^[^\s@-][^\s@]*$/.test(value)
        ? valid({ user: value })
        : invalid(`has \`User=${value}\`, which is no name of a user`)
    case 'port': {
      const port = parsePort(value)
      return port.ok ? valid({ port: port.value }) : invalid(`has a Port that ${port.problem}`)
    }
    case 'identityfile':
      return valid({ identityFiles: [localFile(value, cwd)] })
    case 'proxyjump':
      return valid({ proxyJump: value.toLowerCase() === 'none' ? null : value })
    case 'forwardagent':
      return /^(yes|no)$/i.test(value)
        ? valid({ forwardAgent: value.toLowerCase() === 'yes' })
        : invalid(`has \`ForwardAgent=${value}\`: only \`yes\` and \`no\` are understood`)
    case 'identityagent':
      return valid({ identityAgent: /^(none|SSH_AUTH_SOCK|\$.*)$/i.test(value) ? value : localFile(value, cwd) })
    case 'connecttimeout':
      return connectTimeout(value)
    default:
      return algorithmsOf(name, value) ?? otherOption(name)
  }
}

function strictHostKeyChecking(value: string): Parsed<WrittenSshOptions> {
  switch (value.toLowerCase()) {
    case 'yes':
    case 'ask': // Nobody can be asked during a deploy, so an unknown key stops it.
      return valid({ strictHostKeyChecking: 'yes' })
    case 'no':
    case 'off':
      return valid({ strictHostKeyChecking: 'no' })
    case 'accept-new':
      return valid({ strictHostKeyChecking: 'accept-new' })
    default:
      return invalid(`has \`StrictHostKeyChecking=${value}\`: write yes, no or accept-new`)
  }
}

/** As sshd and ssh write times: `10`, `30s`, `1m30s`. */
function connectTimeout(value: string): Parsed<WrittenSshOptions> {
  const [, hours = 0, minutes = 0, seconds = 0] = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?$/i.exec(value) ?? []
  const connectTimeoutMs = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000
  return connectTimeoutMs > 0
    ? valid({ connectTimeoutMs })
    : invalid(`has \`ConnectTimeout=${value}\`: write a number of seconds`)
}

/** undefined: it is none of their lists. */
function algorithmsOf(name: string, value: string): Parsed<WrittenSshOptions> | undefined {
  const kind = algorithmLists[name.toLowerCase()]
  if (kind === undefined) return undefined
  const chosen = chosenAlgorithms(kind, value)
  if (chosen !== null) return valid({ algorithms: { [kind]: chosen } })
  const { usual, other } = knownAlgorithms[kind]
  return invalid(
    `has \`${name}=${value}\`, of which the SSH client in here knows nothing; it knows ${[...usual, ...other].join(', ')}`,
  )
}

function otherOption(name: string): Parsed<WrittenSshOptions> {
  const reason = ignored[name.toLowerCase()]
  if (reason !== undefined) return valid({ warnings: [`ssh option ${name} is passed over: ${reason}`] })
  const instead = elsewhere[name.toLowerCase()]
  if (instead !== undefined) return invalid(`has \`${name}\`, which is not taken from here: ${instead}`)
  const meant = nearest(name, understood)
  const advice = meant === undefined ? `understood are ${understood.join(', ')}` : `did you mean \`${meant}\`?`
  return invalid(`has \`${name}\`, which the SSH client in here does not know: ${advice}`)
}
