/** Processes that pm2 runs. */
import { posix } from 'node:path'
import { UserError } from '../errors.ts'
import type { Host } from '../hosts/host.ts'
import { layout } from '../hosts/layout.ts'
import { defaultLimits, type Limit } from '../hosts/limits.ts'
import { commandsScript } from '../hosts/release.ts'
import { lastLines, lateText } from '../hosts/run-script.ts'
import { command, quote } from '../hosts/shell.ts'
import { startInstead } from './pm2-commands.ts'
import { findClearings, heldPortError, leftoversSource } from './pm2-leftovers.ts'
import { logScript, mergeLogs } from './pm2-log.ts'
import { type Listed, type Look, look, namesOf } from './pm2-look.ts'
import { findMends, isPinned } from './pm2-mend.ts'
import type { Activation, Process, Processes } from './processes.ts'
import { reloadError } from './reload-error.ts'

/** pm2 refuses a reload while the lock of another one, which may have been killed, is younger. */
const reloadLockSeconds = 30

interface Options {
  /** As configured: a leading `~` is the host's home. */
  readonly path: string
  /** What the health check asks; null where there is none. */
  readonly port?: number | null
  /** For what only looks. */
  readonly limit?: Limit
}

export function pm2({ path, port = null, limit = defaultLimits.step }: Options): Processes {
  const where = { path, limit }
  return {
    kind: 'pm2',
    tools: ['node', 'pm2'],
    running: async (host, activation) => {
      const seen = await look(host, where, activation)
      const mine = mineOf(seen).map(toProcess)
      return mine.length === 0 ? [] : [...mine, ...missingOf(seen)]
    },
    isPinned,
    reload: async (host, activation, options) => {
      const seen = await look(host, where, activation)
      const before = mineOf(seen).map(toProcess)
      const crashing = new Set(mineOf(seen).flatMap((entry) => (isCrashing(entry) ? [entry.name] : [])))
      const mends = findMends({ processes: before, crashing }, seen.calls, activation)
      const app = { processes: mineOf(seen), crashing, port }
      const clearings = findClearings(app, seen.calls, { activation, timeoutMs: options.timeoutMs })
      await endForgotten(host, seen, options)
      const commands = [
        ...(clearings.length > 0 ? [leftoversSource()] : []),
        ...startInstead(activation.commands, mends, clearings),
        ...(mends.length > 0 ? [saveAgain] : []),
      ]
      const result = await host.run(reloadScript(activation, commands, options.timeoutMs), options)
      if (result.code !== 0) throw heldPortError(host, result) ?? reloadError(host, result, options)
      return before
    },
    stop: async (host, activation, stopping) => {
      const seen = await look(host, where, activation)
      await endForgotten(host, seen, stopping)
      const names = new Set(mineOf(seen).flatMap(({ name, forgotten }) => (forgotten === true ? [] : [name])))
      if (names.size === 0) return
      const result = await host.run(`${command('pm2', 'delete', ...names)} </dev/null`, stopping)
      if (result.code !== 0) {
        const what = `${host.name}: pm2 could not stop ${[...names].join(', ')}`
        throw new UserError('host-command', `${what}${lateText(result, stopping)}`, { output: lastLines(result) })
      }
    },
    log: async (host, activation, lines) => {
      try {
        const mine = mineOf(await look(host, where, activation))
        const result = await host.run(logScript(mine, { lines, heard: heardFile(activation) }), limit)
        return mergeLogs(result.stdout, lines)
      } catch {
        return ''
      }
    },
  }
}

function mineOf({ processes, calls }: Look): readonly Listed[] {
  const names = new Set(calls.flatMap(namesOf))
  return processes.filter(
    (entry) => (entry.inBase || names.has(entry.name)) && !(entry.restsByDesign && entry.pid === 0),
  )
}

/** No pm2 command reaches them. They are of an older release, for pm2 has lost them before this reload. */
async function endForgotten(host: Host, seen: Look, { timeoutMs }: Limit): Promise<void> {
  const pids = mineOf(seen).flatMap(({ forgotten, pid }) => (forgotten === true ? [String(pid)] : []))
  if (pids.length > 0) await host.run(`kill -9 ${pids.join(' ')} 2>/dev/null`, { timeoutMs })
}

/** An app that the commands start, and that pm2 does not know, is a process that does not run: nobody may take the rest for the whole. */
function missingOf({ processes, calls }: Look): readonly Process[] {
  const known = new Set(processes.map(({ name }) => name))
  return [...new Set(calls.flatMap(namesOf))]
    .filter((name) => !known.has(name))
    .map((name) => ({ name, pid: 0, status: 'stopped', cwd: null, script: null, restarts: 0, mode: 'unknown' }))
}

function toProcess(entry: Listed): Process {
  const status = statuses.get(entry.status) ?? 'stopped'
  const { toldCwd, toldScript } = entry
  return {
    name: entry.name,
    pid: status === 'stopped' || status === 'errored' ? 0 : entry.pid,
    status,
    cwd: entry.cwd,
    script: entry.script,
    restarts: restartsOf(entry),
    mode: entry.mode === 'cluster_mode' ? 'cluster' : 'fork',
    ...(toldCwd === null || toldScript === null ? {} : { told: { cwd: toldCwd, script: toldScript } }),
  }
}

const statuses: ReadonlyMap<string, Process['status']> = new Map([
  ['online', 'online'],
  ['launching', 'starting'],
  ['one-launch-status', 'starting'],
  ['waiting restart', 'starting'],
  ['stopping', 'stopped'],
  ['stopped', 'stopped'],
  ['errored', 'errored'],
])

/** So long ago, a restart by pm2 itself is no more a sign that it will come again. */
const crashedLatelyMs = 30_000

/**
 * pm2 is starting it again and again. A reload now would meet one of those starts: its processes would look as if they
 * had crashed since, though they run the new release well. Nothing of such an app can be reloaded gracefully.
 */
function isCrashing(entry: Listed): boolean {
  if (statuses.get(entry.status) !== 'online') return true
  // Later than at once may also be a slow stop: taken for a crash, it costs a start in place of a reload.
  const isLate = entry.startedLateMs === null || entry.startedLateMs > slowDaemonMs
  return entry.upMs < crashedLatelyMs && (isLate || restartsOf(entry) > 0)
}

const defaultKillTimeoutMs = 1600
const slowDaemonMs = 1000

/**
 * pm2 counts the restarts that it was told to do as well. Those that it did by itself: the ones it calls unstable
 * (within a second of the start); or at least one, where the start came later than stopping the old process can take.
 */
function restartsOf({ unstableRestarts, startedLateMs, killTimeoutMs }: Listed): number {
  const toldMs = (killTimeoutMs || defaultKillTimeoutMs) + slowDaemonMs
  return Math.max(unstableRestarts, startedLateMs === null || startedLateMs > toldMs ? 1 : 0)
}

/**
 * The daemon is born in the home folder: born in a release, it would stand in a folder that is pruned one day.
 * Meanwhile somebody listens: a cluster worker that throws at boot is gone before anything of it is in pm2's log files.
 */
function reloadScript(activation: Activation, commands: readonly string[], timeoutMs: number): string {
  const { current, env } = activation
  return `home=\${PM2_HOME:-$HOME/.pm2} waited=0
[ -S "$home/rpc.sock" ] && kill -0 "$(cat "$home/pm2.pid" 2>/dev/null)" 2>/dev/null || (cd "$HOME" && pm2 ping </dev/null >/dev/null 2>&1)
lock=$home/reload.lock
while [ -s "$lock" ] && [ "$waited" -lt ${reloadLockSeconds} ]; do
  [ $(($(date +%s) - $(cut -c1-10 "$lock"))) -lt ${reloadLockSeconds} ] || break
  sleep 1
  waited=$((waited + 1))
done
heard=${quote(heardFile(activation))} listener=
rm -f "$heard"
if command -v timeout >/dev/null 2>&1 && (umask 077; : > "$heard") 2>/dev/null; then
  timeout ${Math.ceil(timeoutMs / 1000)} pm2 logs --raw --lines 0 --err </dev/null >/dev/null 2>"$heard" &
  listener=$!
fi
(
${commandsScript({ directory: current, commands, env, layout: layout(posix.dirname(current)) })})
status=$?
[ -z "$listener" ] || kill "$listener" 2>/dev/null
exit "$status"
`
}

function heardFile({ current }: Activation): string {
  return `${layout(posix.dirname(current)).zdr}/reload.log`
}

/** What pm2 brings back after a reboot still has the old paths. Only where the user has it bring anything back. */
const saveAgain = `[ ! -f "\${PM2_HOME:-$HOME/.pm2}/dump.pm2" ] || pm2 save >/dev/null 2>&1 || true`
