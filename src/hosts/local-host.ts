/** The Host port without SSH: this machine, which is what `localhost` means. A connection that is never lost, under the same scripts. */
import { spawn } from 'node:child_process'
import { Duplex } from 'node:stream'
import type { UserError } from '../errors.ts'
import type { Host } from './host.ts'
import { defaultLimits, type Limit } from './limits.ts'
import type { ScriptChannel } from './remote-command.ts'
import { sshHost } from './ssh-host.ts'
import { type Connection, unreachable } from './ssh-session.ts'

export interface LocalHostOptions {
  readonly name: string
  readonly address?: string
  /** Of whoever deploys: the commands get it as well. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where scripts start, as after a login. Must be there. */
  readonly home: string
  /** For a shell to begin: a busy machine may take its time. */
  readonly limit?: Limit
}

/** Scripts run as whoever runs this, each in a session of its own: a Ctrl-C in the terminal is ours alone. */
export function localHost({ name, address = name, env, home, limit = defaultLimits.connect }: LocalHostOptions): Host {
  const surroundings = { cwd: home, env: withoutCallers(env), limit }
  const open = async (): Promise<Connection> => localConnection(name, surroundings)
  return sshHost({ name, address, first: localConnection(name, surroundings), open })
}

interface Surroundings {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly limit: Limit
}

/**
 * What npm tells its scripts and git its hooks, where one of them started us, is about another folder: `npm ci` would
 * follow the options of our own `npx`, and git in a release would work on the repository whose hook we are.
 */
function withoutCallers(env: Surroundings['env']): Surroundings['env'] {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !callers.test(name)))
}

/** The second half is what `git rev-parse --local-env-vars` lists. */
const callers =
  /^(npm_.*|INIT_CWD|GIT_(DIR|WORK_TREE|IMPLICIT_WORK_TREE|COMMON_DIR|INDEX_FILE|PREFIX|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|QUARANTINE_PATH|SHALLOW_FILE|GRAFT_FILE|REPLACE_REF_BASE|NO_REPLACE_OBJECTS|CONFIG|CONFIG_PARAMETERS|CONFIG_COUNT))$/

function localConnection(name: string, surroundings: Surroundings): Connection {
  const channels = new Set<ScriptChannel>()
  let lose: (reason: UserError) => void = () => {}
  const lost = new Promise<UserError>((resolve) => {
    lose = resolve
  })
  return {
    name,
    limit: surroundings.limit,
    lost,
    exec: async (text) => {
      const channel = await startShell(name, text, surroundings)
      channels.add(channel)
      channel.once('close', () => channels.delete(channel))
      return channel
    },
    close: async () => {
      lose(unreachable(name, 'it was closed'))
      for (const channel of channels) channel.destroy()
    },
  }
}

/** Rejects with UserError `host-unreachable` where no process can be had, or the home folder is not there. */
async function startShell(name: string, text: string, { cwd, env }: Surroundings): Promise<ScriptChannel> {
  const child = spawn('sh', ['-c', text], { cwd, env, detached: true })
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (cause) =>
      reject(unreachable(name, `no shell could be started in ${cwd}: ${cause.message}`, cause)),
    )
  })
  const { stdin, stdout, stderr } = child
  const channel = new Duplex({
    read: () => void stdout.resume(),
    // What is written to a script that has ended is no news: its end is told.
    write: (chunk, _, done) => void (stdin.destroyed ? done() : stdin.write(chunk, () => done())),
    // Not when it is through: a stream whose process has ended never says so.
    final: (done) => {
      stdin.end()
      done()
    },
    destroy: (error, done) => {
      for (const stream of [stdin, stdout, stderr]) stream.destroy()
      done(error)
    },
  })
  stdin.on('error', () => {})
  stdout.on('data', (chunk) => void (channel.push(chunk) || stdout.pause()))
  child.once('close', (code, signal) => {
    if (channel.destroyed) return
    channel.emit('exit', code, signal)
    channel.push(null)
    channel.end()
  })
  return Object.assign(channel, { stderr })
}
