/** A real sshd on loopback, with keys and files of its own, run by whoever runs the tests. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { SshTarget } from '../../src/hosts/ssh.ts'

export type KeyType = 'ed25519' | 'rsa' | 'ecdsa'

export interface Sshd {
  readonly port: number
  readonly folder: string
  /** The private key that is let in. */
  readonly key: string
  readonly knownHosts: string
  /** The public host key: type and base64. */
  hostKey(type: KeyType): string
  /** Makes one that the server does not know. */
  makeKey(name: string, passphrase?: string): string
  target(change?: Partial<SshTarget>): SshTarget
  /** How many it has. */
  connections(): number
  /** Ends every connection, and goes on listening. */
  stopSessions(): void
  /** Ends every connection, and the server. */
  stop(): Promise<void>
}

export interface SshdOptions {
  readonly hostKeys?: readonly KeyType[]
  /** More lines for sshd_config. */
  readonly config?: string
}

const HOST = '127.0.0.1'

export async function startSshd({ hostKeys = ['ed25519'], config = '' }: SshdOptions = {}): Promise<Sshd> {
  const folder = mkdtempSync(join(tmpdir(), 'zdr-sshd-'))
  const port = await freePort()
  const makeKey = (name: string, passphrase = '', type: KeyType = 'ed25519'): string => {
    const file = join(folder, name)
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-C', name, '-f', file])
    return file
  }
  const files = hostKeys.map((type) => makeKey(`host_${type}`, '', type))
  const key = makeKey('user')
  const hostKey = (type: KeyType): string => publicKey(join(folder, `host_${type}`))
  const authorized = join(folder, 'authorized_keys')
  writeFileSync(authorized, `${publicKey(key)}\n`)
  const knownHosts = join(folder, 'known_hosts')
  writeFileSync(knownHosts, hostKeys.map((type) => `[${HOST}]:${port} ${hostKey(type)}\n`).join(''))
  writeFileSync(join(folder, 'sshd_config'), configuration({ port, files, authorized, folder }) + config)
  const server = await listen(folder)

  return {
    port,
    folder,
    key,
    knownHosts,
    hostKey,
    makeKey,
    target: (change = {}) => ({
      name: 'web-1',
      address: HOST,
      user: userInfo().username,
      port,
      keys: [key],
      agent: null,
      forwardAgent: false,
      knownHostsFiles: [knownHosts],
      strictHostKeyChecking: 'yes',
      algorithms: {},
      jump: null,
      ...change,
    }),
    connections: () => childrenOf(server.pid).length,
    stopSessions: () => endChildrenOf(server.pid),
    async stop() {
      endChildrenOf(server.pid)
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface Settings {
  readonly port: number
  readonly files: readonly string[]
  readonly authorized: string
  readonly folder: string
}

function configuration({ port, files, authorized, folder }: Settings): string {
  return [
    `Port ${port}`,
    `ListenAddress ${HOST}`,
    ...files.map((file) => `HostKey ${file}`),
    `AuthorizedKeysFile ${authorized}`,
    `PidFile ${join(folder, 'pid')}`,
    'UsePAM no',
    'StrictModes no',
    'PermitRootLogin yes',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'LogLevel VERBOSE',
    '',
  ].join('\n')
}

async function listen(folder: string): Promise<{ readonly pid: number; stop(): Promise<void> }> {
  // Where root starts it, sshd wants an empty folder of this name, which a container may lack.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const sshd = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(folder, 'sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const said: string[] = []
  for await (const line of createInterface({ input: sshd.stderr })) {
    said.push(line)
    if (line.includes('Server listening')) break
  }
  if (!said.some((line) => line.includes('Server listening')))
    throw new Error(`sshd did not start:\n${said.join('\n')}`)
  sshd.stderr.resume()
  return {
    pid: sshd.pid ?? 0,
    async stop() {
      if (sshd.exitCode !== null || sshd.signalCode !== null) return
      sshd.kill('SIGKILL')
      await once(sshd, 'exit')
    },
  }
}

/** One child a connection. */
function childrenOf(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return children === '' ? [] : children.split(' ').map(Number)
}

function endChildrenOf(pid: number): void {
  for (const child of childrenOf(pid)) process.kill(child, 'SIGKILL')
}

/** Without the comment. */
function publicKey(file: string): string {
  const [type, key] = execFileSync('ssh-keygen', ['-y', '-f', file], { encoding: 'utf8' }).trim().split(' ')
  return `${type} ${key}`
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST)
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
