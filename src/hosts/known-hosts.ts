/** What known_hosts files say about a machine (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). Pure, but for the two functions on files. */
import { createHash, createHmac } from 'node:crypto'
import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { UserError } from '../errors.ts'

export interface KnownHost {
  readonly marker: 'revoked' | 'cert-authority' | null
  /** As written: `host,10.0.0.1`, `[host]:2222`, `*.example.org,!old.example.org` or `|1|salt|hash`. */
  readonly patterns: string
  readonly keyType: string
  /** Base64. */
  readonly key: string
  /** `file:line`, for messages. */
  readonly place: string
}

export interface Server {
  readonly address: string
  readonly port: number
}

export type HostKeyVerdict =
  | { readonly is: 'known' }
  | { readonly is: 'unknown' }
  /** Another key is written down for this machine, there. */
  | { readonly is: 'changed'; readonly place: string }
  | { readonly is: 'revoked'; readonly place: string }

/** What to ask a server for, in order of preference, so that it shows a key of that type. Certificates are not among them: ssh2 has none. */
const ALGORITHMS_OF_TYPE = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
} as const
export type HostKeyAlgorithm = (typeof ALGORITHMS_OF_TYPE)[keyof typeof ALGORITHMS_OF_TYPE][number]

const DEFAULT_PORT = 22

export function judgeHostKey(known: readonly KnownHost[], server: Server, key: Buffer): HostKeyVerdict {
  const written = key.toString('base64')
  const about = known.filter((entry) => isAbout(entry, server))
  const revoked = about.find((entry) => entry.marker === 'revoked' && entry.key === written)
  if (revoked !== undefined) return { is: 'revoked', place: revoked.place }
  if (about.some((entry) => entry.marker === null && entry.key === written)) return { is: 'known' }
  // A key of another type counts as well: the server was asked for the types that are known, and did not show one.
  // An entry without the port only helps a key to be known (as in OpenSSH): another sshd may answer on that port.
  const others = about.filter((entry) => entry.marker === null && isAskable(entry) && names(entry, serverName(server)))
  const other = others.find((entry) => entry.keyType === keyTypeOf(key)) ?? others[0]
  return other === undefined ? { is: 'unknown' } : { is: 'changed', place: other.place }
}

/** Every algorithm that we can check, those of the key types known for this server first: else it might show one that is not. */
export function hostKeyAlgorithms(known: readonly KnownHost[], server: Server): HostKeyAlgorithm[] {
  const types = new Set(
    known.filter((entry) => entry.marker === null && isAbout(entry, server)).map((entry) => entry.keyType),
  )
  const all = Object.entries(ALGORITHMS_OF_TYPE)
  const [first, then] = [all.filter(([type]) => types.has(type)), all.filter(([type]) => !types.has(type))]
  return [...first, ...then].flatMap(([, algorithms]) => algorithms)
}

/** As a known_hosts line names it, and `ssh-keygen -R` wants it: `host`, or `[host]:2222` where the port is not 22. */
export function serverName({ address, port }: Server): string {
  return port === DEFAULT_PORT ? address.toLowerCase() : `[${address.toLowerCase()}]:${port}`
}

/** As OpenSSH prints it: `SHA256:` and base64 without padding. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}

/** The type that the key itself names, in its first field (RFC 4253, 6.6). */
export function keyTypeOf(key: Buffer): string {
  return key.toString('latin1', 4, 4 + key.readUInt32BE(0))
}

/** The line that makes the key known. */
export function knownHostsLine(server: Server, key: Buffer): string {
  return `${serverName(server)} ${keyTypeOf(key)} ${key.toString('base64')}`
}

/** Lines that make no sense are passed over, as OpenSSH does. */
export function parseKnownHosts(text: string, file: string): readonly KnownHost[] {
  return text.split('\n').flatMap((line, index) => {
    const [marker, fields] = markerOf(line.trim().split(/\s+/))
    const [patterns, keyType, key] = fields
    if (patterns === undefined || patterns.startsWith('#') || keyType === undefined || key === undefined) return []
    return marker === 'unknown' ? [] : [{ marker, patterns, keyType, key, place: `${file}:${index + 1}` }]
  })
}

/** Missing files are passed over; one that may not be read is a UserError `host-key`. */
export async function readKnownHosts(files: readonly string[]): Promise<readonly KnownHost[]> {
  const texts = await Promise.all(files.map(async (file) => parseKnownHosts(await textOf(file), file)))
  return texts.flat()
}

/**
 * Adds a line of its own, and the folder where it is missing. One write, so that several at once do not mix.
 * Rejects with UserError `host-key` where that is not allowed.
 */
export async function appendKnownHost(file: string, line: string): Promise<void> {
  const text = await textOf(file)
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await appendFile(file, `${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`, { mode: 0o600 })
  } catch (cause) {
    throw new UserError('host-key', `cannot write the new host key to ${file}`, { cause })
  }
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return ''
    throw new UserError('host-key', `cannot read the known host keys in ${file}`, { cause })
  }
}

function markerOf(fields: readonly string[]): readonly [KnownHost['marker'] | 'unknown', readonly string[]] {
  const [first = '', ...rest] = fields
  if (!first.startsWith('@')) return [null, fields]
  if (first === '@revoked') return ['revoked', rest]
  return [first === '@cert-authority' ? 'cert-authority' : 'unknown', rest]
}

function isAskable(entry: KnownHost): boolean {
  return Object.hasOwn(ALGORITHMS_OF_TYPE, entry.keyType)
}

function isAbout(entry: KnownHost, server: Server): boolean {
  return names(entry, serverName(server)) || names(entry, server.address.toLowerCase())
}

function names({ patterns }: KnownHost, name: string): boolean {
  if (patterns.startsWith('|1|')) return isHashOf(patterns, name)
  const list = patterns.toLowerCase().split(',')
  if (list.some((pattern) => pattern.startsWith('!') && isLike(pattern.slice(1), name))) return false
  return list.some((pattern) => isLike(pattern, name))
}

/** `|1|salt|hash`: HMAC-SHA1 of the name, keyed with the salt. */
function isHashOf(pattern: string, name: string): boolean {
  const [, , salt = '', hash] = pattern.split('|')
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash
}

/** `*` is any number of characters and `?` is one (ssh_config(5), PATTERNS); brackets are only brackets. */
function isLike(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`).test(name)
}
