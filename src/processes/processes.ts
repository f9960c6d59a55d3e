/** The port to what runs the app's processes on a host. Adapters: `pm2.ts`, `command.ts`. */
import type { Host } from '../hosts/host.ts'
import type { Limit } from '../hosts/limits.ts'

export interface Process {
  /** The manager's name for it, `shop`; with several workers several entries share it. */
  readonly name: string
  /** 0 where it does not run. */
  readonly pid: number
  readonly status: 'online' | 'starting' | 'stopped' | 'errored'
  /** The real folder that it stands in (`/proc/PID/cwd`, links resolved); null where that could not be read. */
  readonly cwd: string | null
  /** The real path of its script, as the manager was told; null where there is none. */
  readonly script: string | null
  /** How often the manager had to start it again since it was told to (re)load it. */
  readonly restarts: number
  /**
   * Where and what the manager starts when it starts it again: as it was told, links not resolved. For the adapter's
   * own `isPinned`; absent where the manager keeps no such thing.
   */
  readonly told?: { readonly cwd: string; readonly script: string }
  /** `fork` can only be reloaded by a restart; `cluster` gracefully. */
  readonly mode: 'fork' | 'cluster' | 'unknown'
}

/** A release that is laid out on a host, with the commands and environment that it is activated with. */
export interface Activation {
  /** Absolute, links resolved: `/var/www/shop/releases/20261121031500-1a2b3c4`. */
  readonly directory: string
  /** Absolute, the link: `/var/www/shop/current`. Points at `directory` by now. */
  readonly current: string
  /** The commands that make the processes run it, one after another as by `&&`, in one shell. */
  readonly commands: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** `production`, for `pm2 start --env`. */
  readonly environment: string
}

export interface Processes {
  readonly kind: 'pm2' | 'command'
  /** The tools that it needs on the PATH of a host. */
  readonly tools: readonly string[]
  /**
   * All processes of this app on the host: those whose folder or script is inside `path`, and those that go by the
   * names that `activation`'s commands start. An empty list means: none runs. May be repeated.
   */
  running(host: Host, activation?: Activation): Promise<readonly Process[]>
  /**
   * True where a plain reload would leave the processes on another release (pm2 keeps the paths of the first start).
   * `reload` mends that by delete + start, which is a stop: harmless only where the host is out.
   */
  isPinned(processes: readonly Process[], activation: Activation): boolean
  /**
   * Makes the processes run the activated release. Its word proves nothing: verify afterwards. May be repeated.
   * Resolves with the processes that were there before: none of their pids may be left.
   * Rejects with UserError `host-command`, with the command's last lines as output. `isOfHost` is true of it where
   * something on the host is in the way of every release alike.
   */
  reload(
    host: Host,
    activation: Activation,
    options: Limit & { readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void },
  ): Promise<readonly Process[]>
  /**
   * Stops and forgets the app's processes: the very first release failed, and there is nothing to go back to. Rejects
   * with UserError `host-command`.
   */
  stop(host: Host, activation: Activation, limit: Limit): Promise<void>
  /** The last `lines` lines that the app's processes wrote (both streams), for a person who asks why. Never rejects: '' where there is nothing. */
  log(host: Host, activation: Activation, lines: number): Promise<string>
}
