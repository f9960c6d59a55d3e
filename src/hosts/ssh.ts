/** The Host port over ssh2, which is imported nowhere else. It checks host keys and reads known_hosts, which ssh2 alone does not. */
import ssh2, {
  type AnyAuthMethod,
  type Client,
  type ClientChannel,
  type ConnectConfig,
  type Algorithms as SshAlgorithms,
} from 'ssh2'
import { UserError } from '../errors.ts'
import type { Host } from './host.ts'
import { checkHostKey } from './host-key.ts'
import { readPrivateKeys } from './keys.ts'
import { hostKeyAlgorithms, type KnownHost, readKnownHosts } from './known-hosts.ts'
import { defaultLimits, type Limit, limitText } from './limits.ts'
import { openSession } from './open-session.ts'
import type { Algorithms } from './ssh-algorithms.ts'
import { type Attempt, type ConnectionFailure, explain, noSession } from './ssh-errors.ts'
import { sshHost } from './ssh-host.ts'
import { type Connection, unreachable } from './ssh-session.ts'
import { atMost, LATE } from './time-limit.ts'
import { type Turns, turns } from './turns.ts'

export interface SshTarget {
  /** As in the configuration, for messages. */
  readonly name: string
  readonly address: string
  readonly user: string
  readonly port: number
  /** Private key files that must exist. One that needs a passphrase is left to the agent. */
  readonly keys: readonly string[]
  /** The agent's socket, or null. */
  readonly agent: string | null
  readonly forwardAgent: boolean
  /** The first one is written to. */
  readonly knownHostsFiles: readonly string[]
  readonly strictHostKeyChecking: 'yes' | 'no' | 'accept-new'
  /** Instead of the usual ones. */
  readonly algorithms: Algorithms
  /** ProxyJump: the machine through which this one is reached. */
  readonly jump: SshTarget | null
}

export interface ConnectOptions {
  /** What the user should know and need not mend: a host key that was accepted unseen. */
  readonly onWarning?: (text: string) => void
  /** For each machine on the way: TCP, handshake and authentication; then for each session to begin. */
  readonly limit?: Limit
}

/** The third unanswered one ends the connection: 15 seconds at the most. */
const KEEPALIVE_INTERVAL_MS = 5_000
const KEEPALIVE_UNANSWERED_MAX = 2
const CLOSE_LIMIT_MS = 2_000
/** sshd drops newcomers at random while 10 are not logged in yet (MaxStartups): think of a fleet behind one jump host. */
const HANDSHAKES_MAX = 8
const handshakes = new Map<string, Turns>()

/**
 * Connects, so that what is wrong is told before anything is done: rejects with UserError `host-unreachable`,
 * `host-key` (before anything was sent to authenticate), or `authentication`. The host stays connected until `close`.
 */
export async function connect(
  target: SshTarget,
  { onWarning = () => {}, limit = defaultLimits.connect }: ConnectOptions = {},
): Promise<Host> {
  const openAnew = (): Promise<SshConnection> => open(target, { onWarning, limit })
  const first = await openAnew()
  return sshHost({ name: target.name, address: target.address, first, open: openAnew })
}

interface SshConnection extends Connection {
  /** A stream to another machine, made by this one. */
  forward(to: SshTarget): Promise<ClientChannel>
}

async function open(target: SshTarget, options: Required<ConnectOptions>): Promise<SshConnection> {
  const jump = target.jump === null ? null : await open(target.jump, options)
  try {
    const login = await prepareLogin(target, options)
    const sock = await jump?.forward(target)
    const connection = await inTurn(target, () =>
      logIn({ ...target, limit: options.limit }, login, sock === undefined ? {} : { sock }),
    )
    // It is made anew with the connection, and nobody else has this one.
    void connection.lost.then(() => jump?.close())
    const close = async (): Promise<void> => {
      await connection.close()
      await jump?.close()
    }
    return { ...connection, close }
  } catch (error) {
    await jump?.close()
    throw error
  }
}

interface Limited extends SshTarget {
  readonly limit: Limit
}

interface Login {
  readonly config: ConnectConfig
  /** What an error of ssh2 means; the refusal of the host key where that was the reason. */
  readonly explain: (failure: ConnectionFailure) => UserError
}

async function prepareLogin(target: SshTarget, { onWarning, limit }: Required<ConnectOptions>): Promise<Login> {
  const { address, port, user, agent } = target
  const known = await readKnownHosts(target.knownHostsFiles)
  const keys = await readPrivateKeys(target.keys, objectionTo)
  const ways: readonly AnyAuthMethod[] = [
    ...keys.usable.map(({ content }) => ({ type: 'publickey' as const, username: user, key: content })),
    ...(agent === null ? [] : [{ type: 'agent' as const, username: user, agent }]),
  ]
  let refusal: UserError | null = null
  let agentTrouble: string | null = null
  const attempt = (): Attempt => ({
    ...target,
    offered: [...keys.usable.map(({ file }) => file), ...(agent === null ? [] : ['the agent'])],
    locked: keys.locked,
    agentTrouble,
    limit,
  })

  return {
    config: {
      host: address,
      port,
      username: user,
      readyTimeout: limit.timeoutMs,
      keepaliveInterval: KEEPALIVE_INTERVAL_MS,
      keepaliveCountMax: KEEPALIVE_UNANSWERED_MAX,
      algorithms: algorithmsFor(target, known),
      hostVerifier: (key: Buffer, verify: (trusted: boolean) => void) => {
        const judged = checkHostKey(key, { ...target, server: target, known, onWarning })
        void judged.catch(unwritten).then((objection) => {
          refusal = objection
          verify(objection === null)
        })
      },
      ...(agent !== null && { agent, agentForward: target.forwardAgent }),
      authHandler: [...ways],
    },
    explain(failure) {
      if (failure.level === 'agent') agentTrouble = failure.message
      return refusal ?? explain(failure, attempt())
    },
  }
}

/** The types themselves are judged by `chosenAlgorithms`: ssh2 takes texts, and its types name each of them. */
function algorithmsFor({ algorithms, ...server }: SshTarget, known: readonly KnownHost[]): SshAlgorithms {
  const wanted = algorithms.serverHostKey
  const serverHostKey = hostKeyAlgorithms(known, server).filter((name) => wanted?.includes(name) ?? true)
  return { ...algorithms, serverHostKey } as SshAlgorithms
}

/** A key that was to be written down, and could not be, is not trusted either. */
function unwritten(error: unknown): UserError {
  return error instanceof UserError ? error : new UserError('host-key', String(error), { cause: error })
}

/** Why ssh2 cannot use it as a private key, or null. */
function objectionTo(content: Buffer): string | null {
  const key = ssh2.utils.parseKey(content)
  if (key instanceof Error) return key.message
  return key.isPrivateKey() ? null : 'it is a public key'
}

async function logIn(target: Limited, login: Login, way: Pick<ConnectConfig, 'sock'>): Promise<SshConnection> {
  const client = new ssh2.Client()
  const lost = new Promise<UserError>((resolve) => {
    client.on('error', (failure: ConnectionFailure) => {
      const meaning = login.explain(failure)
      // After an error of the agent ssh2 goes on to the next way to authenticate.
      if (failure.level !== 'agent') resolve(meaning)
    })
    // `end` comes first, and from then on ssh2 throws where it is asked for more.
    client.on('end', () => resolve(login.explain({ message: 'it closed the connection' })))
    client.on('close', () => resolve(login.explain({ message: 'the connection was closed' })))
  })
  const ready = new Promise<null>((resolve) => {
    client.once('ready', () => resolve(null))
  })
  client.connect({ ...login.config, ...way })
  const failure = await Promise.race([ready, lost])
  void lost.then(() => client.destroy())
  if (failure !== null) throw failure
  return connectionOver(client, { target, lost })
}

function connectionOver(
  client: Client,
  { target: { name, limit }, lost }: { readonly target: Limited; readonly lost: Promise<UserError> },
): SshConnection {
  return {
    name,
    limit,
    lost,
    exec: (text) =>
      openSession(
        () =>
          new Promise<ClientChannel>((resolve, reject) => {
            client.exec(text, (error, channel) => (error ? reject(error) : resolve(channel)))
          }),
      ).catch((error: unknown) => {
        throw noSession(name, error)
      }),
    async forward({ name: to, address, port }) {
      const stream = new Promise<ClientChannel>((resolve, reject) => {
        client.forwardOut('127.0.0.1', 0, address, port, (error, made) => (error ? reject(error) : resolve(made)))
      }).catch((error: unknown) => {
        throw unreachable(to, `${name} could not connect to ${address}:${port}`, error)
      })
      const made = await atMost(limit.timeoutMs, stream)
      if (made !== LATE) return made
      throw unreachable(to, `${name} got no answer from ${address}:${port} within ${limitText(limit)}`)
    },
    async close() {
      client.end()
      if ((await atMost(CLOSE_LIMIT_MS, lost)) === LATE) client.destroy()
    },
  }
}

/** A few at a time for each server. */
function inTurn<Value>({ address, port }: SshTarget, begin: () => Promise<Value>): Promise<Value> {
  const server = `${address}:${port}`
  const take = handshakes.get(server) ?? turns(HANDSHAKES_MAX)
  handshakes.set(server, take)
  return take(begin)
}
