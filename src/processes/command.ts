/** Processes that nobody we know runs: the user's commands start them, and they are found by the port that they listen on. */
import { posix } from 'node:path'
import type { Host } from '../hosts/host.ts'
import { layout } from '../hosts/layout.ts'
import { defaultLimits, type Limit } from '../hosts/limits.ts'
import { commandsScript } from '../hosts/release.ts'
import { quote } from '../hosts/shell.ts'
import { within } from '../hosts/within.ts'
import { type Daemon, type Listener, listeners } from './listeners.ts'
import type { Activation, Process, Processes } from './processes.ts'
import { reloadError } from './reload-error.ts'

const stopPolls = 50

interface Options {
  /** What the health check asks; null where there is none, and then no process is ever seen. */
  readonly port: number | null
  /** For a look at what runs. */
  readonly limit?: Limit
  /** For where the commands have pm2 run the app after all (`npm run pm2:reload`). */
  readonly pm2: Processes
}

/**
 * `running` and `reload` also reject with UserError `preflight` where the listening process is another user's, and
 * cannot be looked at.
 */
export function command(options: Options): Processes {
  const { pm2 } = options
  return {
    kind: 'command',
    tools: [],
    running: (host, activation) => running(host, options, activation),
    isPinned: () => false,
    reload: async (host, activation, limits) => {
      const { current, commands, env } = activation
      const before = await running(host, options, activation)
      const script = commandsScript({ directory: current, commands, env, layout: layout(posix.dirname(current)) })
      const result = await host.run(script, limits)
      if (result.code === 0) return before
      throw reloadError(host, result, limits)
    },
    stop: async (host, activation, limit) => {
      const found = await listening(host, options)
      const daemon = daemonOf(found)
      if (daemon !== null) await pm2.stop(asDaemon(host, daemon, activation), activation, limit)
      const base = posix.dirname(activation.current)
      const mine = found.filter((each) => each.daemon === null && each.cwd.startsWith(`${base}/`))
      if (mine.length > 0) await host.run(stopScript(mine.map(({ pid }) => pid)), limit)
    },
    // Where other processes write is only known to the commands that start them.
    log: async (host, activation, lines) => {
      try {
        const daemon = daemonOf(await listening(host, options))
        // Nobody listens where the app has crashed, and pm2 may still know why.
        return await pm2.log(daemon === null ? host : asDaemon(host, daemon, activation), activation, lines)
      } catch {
        return ''
      }
    },
  }
}

/** What pm2 runs of the app where it has the port: of a cluster, only pm2's daemon listens, and that is never a new process. */
async function running(host: Host, options: Options, activation?: Activation): Promise<readonly Process[]> {
  const { pm2 } = options
  const found = await listening(host, options)
  const daemon = daemonOf(found)
  const managed = daemon === null ? [] : await pm2.running(asDaemon(host, daemon, activation), activation)
  // Where pm2 runs nothing of this app, the port is somebody else's: better told than passed over.
  return [...managed, ...found.filter((each) => managed.length === 0 || each.daemon === null).map(toProcess)]
}

async function listening(host: Host, { port, limit = defaultLimits.step }: Options): Promise<readonly Listener[]> {
  return port === null ? [] : listeners(host, port, limit)
}

function daemonOf(found: readonly Listener[]): Daemon | null {
  return found.find(({ daemon }) => daemon !== null)?.daemon ?? null
}

/** The same machine, where pm2 is found as the user's commands found it: theirs may be in the release's own node_modules. */
function asDaemon(host: Host, { home, path }: Daemon, activation?: Activation): Host {
  const own = activation === undefined ? '' : `:${activation.current}/node_modules/.bin`
  return within(host, `export PM2_HOME=${quote(home)} PATH="$PATH":${quote(`${path}${own}`)}`)
}

function toProcess({ name, pid, cwd }: Listener): Process {
  return { name, pid, status: 'online', cwd, script: null, restarts: 0, mode: 'unknown' }
}

function stopScript(pids: readonly number[]): string {
  const all = pids.map((pid) => quote(String(pid))).join(' ')
  return `kill ${all} 2>/dev/null
for poll in $(seq ${stopPolls}); do
  kill -0 ${all} 2>/dev/null || exit 0
  sleep 0.2 2>/dev/null || sleep 1
done
kill -9 ${all} 2>/dev/null
exit 0
`
}
