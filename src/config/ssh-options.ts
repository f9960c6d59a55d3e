import { homedir } from 'node:os'
import { resolve } from 'node:path'
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
  readonly warnings?: readonly string[]
}

/** Options that change nothing for us, and why. They are named in a warning, so that nobody counts on them. */
const ignored: Readonly<Record<string, string>> = {
  addkeystoagent: 'keys are never added to an agent',
  batchmode: 'nothing is ever asked here',
  checkhostip: 'host keys are checked by name',
  compression: 'compression is not used',
  connectionattempts: 'a lost connection is made anew anyway',
  connecttimeout: 'write `timeouts.connect`',
  controlmaster: 'one connection a host is kept open anyway',
  controlpath: 'one connection a host is kept open anyway',
  controlpersist: 'one connection a host is kept open anyway',
  gssapiauthentication: 'only keys are used',
  hashknownhosts: 'known_hosts files are only read',
  identitiesonly: 'the keys of the configuration are tried first',
  kbdinteractiveauthentication: 'only keys are used',
  loglevel: '--verbose shows more',
  passwordauthentication: 'only keys are used',
  preferredauthentications: 'only keys are used',
  pubkeyauthentication: 'only keys are used',
  serveralivecountmax: 'a dead host is noticed within 15 s anyway',
  serveraliveinterval: 'a dead host is noticed within 15 s anyway',
  tcpkeepalive: 'a dead host is noticed within 15 s anyway',
  updatehostkeys: 'known_hosts files are only read',
  visualhostkey: 'host keys are shown by their fingerprint',
}

/** Options that would change something, and what to write instead. */
const elsewhere: Readonly<Record<string, string>> = {
  hostname: 'write it as `host`',
  localforward: 'open the tunnel apart from the deploy',
  proxycommand: 'write `ProxyJump=user@host:port`',
  remoteforward: 'open the tunnel apart from the deploy',
  requesttty: 'commands run without a terminal here',
}

const understood = ['StrictHostKeyChecking', 'UserKnownHostsFile', 'Port', 'IdentityFile', 'ProxyJump', 'ForwardAgent']

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
    default:
      return otherOption(name)
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

function otherOption(name: string): Parsed<WrittenSshOptions> {
  const reason = ignored[name.toLowerCase()]
  if (reason !== undefined) return valid({ warnings: [`ssh option ${name} is passed over: ${reason}`] })
  const instead = elsewhere[name.toLowerCase()]
  if (instead !== undefined) return invalid(`has \`${name}\`, which is not taken from here: ${instead}`)
  const meant = nearest(name, understood)
  const advice = meant === undefined ? `understood are ${understood.join(', ')}` : `did you mean \`${meant}\`?`
  return invalid(`has \`${name}\`, which the SSH client in here does not know: ${advice}`)
}
