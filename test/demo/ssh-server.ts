/** A host's door: an SSH server of our own, so that a demo needs neither sshd nor the rights to run one. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { userInfo } from 'node:os'
import ssh2, { type AuthContext, type Connection, type ParsedKey, type ServerChannel } from 'ssh2'

export interface Door {
  readonly port: number
  /** Type and base64, as known_hosts has it. */
  readonly hostKey: string
  close(): void
}

export interface DoorOptions {
  readonly address: string
  /** The public key that is let in, as the user who runs this. */
  readonly authorized: string
  /** What commands find: at least HOME, where they begin, and PATH. */
  readonly env: Readonly<Record<string, string>> & { readonly HOME: string }
}

export interface KeyPair {
  readonly private: string
  /** Type and base64. */
  readonly public: string
}

/** Opens a door on a free port of that address. */
export async function openDoor({ address, authorized, env }: DoorOptions): Promise<Door> {
  const hostKey = createKeyPair()
  const allowed = ssh2.utils.parseKey(authorized)
  if (allowed instanceof Error) throw allowed
  const server = new ssh2.Server({ hostKeys: [hostKey.private] }, (client) => serve(client, allowed, env))
  server.listen(0, address)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { port, hostKey: hostKey.public, close: () => void server.close() }
}

export function createKeyPair(): KeyPair {
  const pair = ssh2.utils.generateKeyPairSync('ed25519')
  return { private: pair.private, public: pair.public.trim() }
}

function serve(client: Connection, allowed: ParsedKey, env: DoorOptions['env']): void {
  // A deployer that was interrupted leaves without a farewell.
  client.on('error', () => {})
  client.on('authentication', (context) =>
    isAllowed(context, allowed) ? context.accept() : context.reject(['publickey']),
  )
  client.on('session', (accept) => {
    accept().on('exec', (acceptCommand, _reject, { command }) => runCommand(acceptCommand(), command, env))
  })
}

/** The first question is without a signature: whether the key would do. */
function isAllowed(context: AuthContext, allowed: ParsedKey): boolean {
  if (context.method !== 'publickey' || context.username !== userInfo().username) return false
  if (!context.key.data.equals(allowed.getPublicSSH())) return false
  if (context.signature === undefined || context.blob === undefined) return true
  return allowed.verify(context.blob, context.signature, context.hashAlgo) === true
}

/** In a process group of its own, as under sshd, so that it can be ended with all that it started. */
function runCommand(channel: ServerChannel, command: string, env: DoorOptions['env']): void {
  const child = spawn('/bin/sh', ['-c', command], { cwd: env.HOME, env, detached: true })
  for (const stream of [channel, child.stdin]) stream.on('error', () => {})
  channel.pipe(child.stdin)
  child.stdout.pipe(channel, { end: false })
  child.stderr.pipe(channel.stderr, { end: false })
  child.on('close', (code, signal) => {
    if (code === null) channel.exit((signal ?? 'SIGKILL').replace('SIG', ''))
    else channel.exit(code)
    channel.end()
  })
}
