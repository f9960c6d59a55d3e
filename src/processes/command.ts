/** Processes that nobody we know runs: the user's commands start them, and they are found by the port that they listen on. */
import { posix } from 'node:path'
import { UserError } from '../errors.ts'
import type { Host } from '../hosts/host.ts'
import { layout } from '../hosts/layout.ts'
import { commandsScript } from '../hosts/release.ts'
import { quote } from '../hosts/shell.ts'
import type { Process, Processes } from './processes.ts'

const lookTimeoutMs = 15_000
const stopTimeoutMs = 60_000
const stopPolls = 50
const outputLines = 30
const mark = 'zdr-listener'

/** `port`: what the health check asks; null where there is none, and then no process is ever seen. */
export function command({ port }: { readonly port: number | null }): Processes {
  return {
    kind: 'command',
    tools: [],
    running: (host) => listeners(host, port),
    isPinned: () => false,
    reload: async (host, { current, commands, env }, options) => {
      const before = await listeners(host, port)
      const script = commandsScript({ directory: current, commands, env, layout: layout(posix.dirname(current)) })
      const result = await host.run(script, options)
      if (result.code === 0) return before
      const ended = result.timedOut
        ? `did not end within ${options.timeoutMs / 1000} s`
        : `ended with ${result.code ?? result.signal}`
      throw new UserError('host-command', `${host.name}: the commands that reload the app ${ended}`, {
        output: `${result.stdout}\n${result.stderr}`.trim().split('\n').slice(-outputLines).join('\n'),
      })
    },
    stop: async (host, { current }) => {
      const base = posix.dirname(current)
      const mine = (await listeners(host, port)).filter(({ cwd }) => cwd?.startsWith(`${base}/`))
      if (mine.length > 0) await host.run(stopScript(mine.map(({ pid }) => pid)), { timeoutMs: stopTimeoutMs })
    },
    // Where they write is only known to the commands that start them.
    log: async () => '',
  }
}

/** One that belongs to somebody else is seen by its port alone: `pid` 0 and `cwd` null, and online all the same. */
async function listeners(host: Host, port: number | null): Promise<readonly Process[]> {
  if (port === null) return []
  const result = await host.run(listenersScript(port), { timeoutMs: lookTimeoutMs })
  return result.stdout.split('\n').flatMap((line) => {
    const [head, pid, name, cwd] = line.split('\t')
    if (head !== mark) return []
    const place = cwd === undefined || cwd === '' ? null : cwd
    return [
      { name: name ?? '', pid: Number(pid), status: 'online', cwd: place, script: null, restarts: 0, mode: 'unknown' },
    ]
  })
}

/** By /proc, which needs no tool: the listening sockets of the port, then the processes that hold one of them open. */
function listenersScript(port: number): string {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  return `inodes=$(awk '$4 == "0A" && $2 ~ /:${hex}$/ { print $10 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null | sort -u)
[ -n "$inodes" ] || exit 0
found=
for pid in $(ls -l /proc/[0-9]*/fd 2>/dev/null | awk -v inodes="$(echo $inodes)" '
  BEGIN { count = split(inodes, list, " "); for (i = 1; i <= count; i++) wanted["socket:[" list[i] "]"] }
  /^\\/proc\\// { split($0, part, "/"); pid = part[3] }
  $NF in wanted && !seen[pid]++ { print pid }'); do
  found=yes
  printf '${mark}\\t%s\\t%s\\t%s\\n' "$pid" "$(cat "/proc/$pid/comm")" "$(readlink "/proc/$pid/cwd")"
done
[ -n "$found" ] || printf '${mark}\\t0\\tlistener on port ${port}\\t\\n'
`
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
