/** The processes that listen on a port, and the pm2 daemon that they run under, where there is one. */
import { UserError } from '../errors.ts'
import type { Host } from '../hosts/host.ts'
import type { Limit } from '../hosts/limits.ts'
import { lateText } from '../hosts/run-script.ts'
import { quote } from '../hosts/shell.ts'

export interface Listener {
  readonly name: string
  readonly pid: number
  /** Links resolved. */
  readonly cwd: string
  readonly daemon: Daemon | null
}

/** As pm2's daemon knows itself: a script of the user's may have found pm2 on a PATH, and given it a home, that we know nothing of. */
export interface Daemon {
  readonly home: string
  readonly path: string
}

/** Who listens may be gone before it is found: it is looked for again before it is called unreadable. */
const looks = 3
/** pm2, a shell, npm, another shell, node. */
const ancestors = 5
const mark = 'zdr-listener'

/**
 * Changes nothing. Rejects with UserError `preflight` where somebody listens whose processes only another user can see,
 * and with `host-command` where it was not seen in time.
 */
export async function listeners(host: Host, port: number, limit: Limit): Promise<readonly Listener[]> {
  const result = await host.run(listenersScript(port), limit)
  if (result.timedOut)
    throw new UserError(
      'host-command',
      `${host.name}: it was not seen who listens on port ${port}${lateText(result, limit)}`,
    )
  return result.stdout.split('\n').flatMap((line) => {
    const [head, pid = '', name = '', cwd = '', home = '', path = ''] = line.split('\t')
    if (head !== mark) return []
    if (pid === '') throw unreadable(host, port, name)
    return [{ name, pid: Number(pid), cwd, daemon: home === '' ? null : { home, path } }]
  })
}

function unreadable({ name }: Host, port: number, owner: string): UserError {
  return new UserError(
    'preflight',
    `${name}: the process that listens on port ${port} belongs to ${owner}, and may not be looked at: whether it is a new release cannot be told`,
    {
      hint: "Deploy as the user that the app runs as (`user`), and let the health check's URL name the app's own port, not that of a proxy.",
    },
  )
}

/** By /proc, which needs no tool: the listening sockets of the port, then the processes that hold one of them open. */
function listenersScript(port: number): string {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  return `daemon_of() {
  at=$1
  for step in $(seq ${ancestors}); do
    case $(tr '\\0' ' ' 2>/dev/null <"/proc/$at/cmdline") in 'PM2 v'*'God Daemon'*) echo "$at"; return ;; esac
    at=$(awk '/^PPid:/ { print $2 }' "/proc/$at/status" 2>/dev/null)
    [ "\${at:-0}" -gt 0 ] || return
  done
}
variable_of() {
  tr '\\0' '\\n' <"/proc/$1/environ" | sed -n "s/^$2=//p" | head -n 1
}
for look in $(seq ${looks}); do
  [ "$look" = 1 ] || sleep 0.2 2>/dev/null || sleep 1
  sockets=$(awk '$4 == "0A" && $2 ~ /:${hex}$/ { print $10, $8 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null | sort -u)
  [ -n "$sockets" ] || exit 0
  found=
  for pid in $(ls -l /proc/[0-9]*/fd 2>/dev/null | awk -v inodes="$(echo "$sockets" | cut -d ' ' -f 1 | tr '\\n' ' ')" '
    BEGIN { count = split(inodes, list, " "); for (i = 1; i <= count; i++) wanted["socket:[" list[i] "]"] }
    /^\\/proc\\// { split($0, part, "/"); pid = part[3] }
    $NF in wanted && !seen[pid]++ { print pid }'); do
    # None: it has ended meanwhile.
    place=$(readlink "/proc/$pid/cwd") || continue
    daemon=$(daemon_of "$pid") home= path=
    if [ -n "$daemon" ]; then
      home=$(variable_of "$daemon" PM2_HOME)
      home=\${home:-$(variable_of "$daemon" HOME)/.pm2}
      path=$(variable_of "$daemon" PATH):$(dirname "$(readlink "/proc/$daemon/exe")")
    fi
    found=yes
    printf '%s\\t%s\\t%s\\t%s\\t%s\\t%s\\n' ${quote(mark)} "$pid" "$(cat "/proc/$pid/comm")" "$place" "$home" "$path"
  done
  [ -z "$found" ] || exit 0
done
owner=$(echo "$sockets" | cut -d ' ' -f 2 | head -n 1)
[ "$owner" = "$(id -u)" ] && owner='another user' || owner=$(getent passwd "$owner" 2>/dev/null | cut -d : -f 1 | grep . || echo "user $owner")
printf '%s\\t\\t%s\\n' ${quote(mark)} "$owner"
`
}
