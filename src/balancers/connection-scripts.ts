/** The shell text that holds a connection open, and counts connections. Builders only. */
import { quote } from '../hosts/shell.ts'

/** Connections that `ss` lists by `filter`, and of those only the ones to these addresses; null: to any. */
export interface CountWords {
  readonly filter: string
  readonly peers: readonly string[] | null
}

/** Exit codes of `countScript`: no list, no number, and some left when the time was over. */
export const countExit = { list: 3, number: 4, left: 5 } as const

/** How often connections are counted. */
const pollSeconds = 0.15
/** A retry may come this late (`proxy_next_upstream_timeout 1s`): so many polls, 1.2 s, before a zero is believed. */
const settlePolls = 8
/** About a second. */
const pollsPerLine = 7

/** Where `ss` is on systems that hide it from ordinary users. */
export const withSs = 'PATH=$PATH:/usr/sbin:/sbin\n'

/** Address (no brackets, no zone, an IPv4 address never as IPv6) and port of `10.0.0.11:4000` or `[fd00::1%eth0]:4000`. */
export function splitServer(server: string): { readonly address: string; readonly port: string } {
  const colon = server.lastIndexOf(':')
  const address = server
    .slice(0, colon)
    .replaceAll(/[[\]]/g, '')
    .replace(/%.*$/, '')
    .replace(/^::ffff:/i, '')
  return { address, port: server.slice(colon + 1) }
}

/** Connects, prints `held <local port>`, and keeps the connection until its stdin ends. */
export function holdScript(server: string): string {
  const { address, port } = splitServer(server)
  const bash = `exec 3<>"/dev/tcp/$1/$2" || exit 1
inode=$(readlink /proc/$$/fd/3); inode=\${inode#socket:[}; inode=\${inode%]}
while read -r _ local _ _ _ _ _ _ _ number _; do
  [ "$number" = "$inode" ] && echo "held $((16#\${local##*:}))"
done < <(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null)
read -r _`
  const perl = `use Socket qw(:all); $| = 1; my ($host, $port) = @ARGV;
my ($error, @found) = getaddrinfo($host, $port, { socktype => SOCK_STREAM }); die "$error\\n" if $error;
socket(my $s, $found[0]{family}, SOCK_STREAM, 0) or die "$!\\n"; connect($s, $found[0]{addr}) or die "$!\\n";
my (undef, undef, $local) = getnameinfo(getsockname($s), NI_NUMERICHOST | NI_NUMERICSERV); print "held $local\\n"; <STDIN>;`
  const python = `import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2]))); print("held %d" % s.getsockname()[1], flush=True); sys.stdin.read()`
  const target = `${quote(address)} ${quote(port)}`
  return `export LC_ALL=C
exec 2>&1
has() { command -v "$1" >/dev/null 2>&1; }
if has bash; then exec bash -c ${quote(bash)} bash ${target}
elif has perl; then exec perl -e ${quote(perl)} ${target}
elif has python3; then exec python3 -c ${quote(python)} ${target}
else echo "neither bash, perl nor python3 is there to connect with"; fi
`
}

/** Prints the established connections that match, as `ss` does; fails where there is no `ss`. */
export function seenScript(filter: string): string {
  return `${withSs}ss -Htn state established ${quote(filter)}\n`
}

/**
 * Ends with 0 when nothing that matches is left, and at least 1.2 s after it began; with 5 when the time is over; with
 * anything else when it could not count (a missing `ss`, piped into a count, would read as zero).
 * Prints `left <number>` about once a second. A request whose client left is waited for no more: nginx closed it.
 */
export function countScript({ filter, peers }: CountWords, timeoutSeconds: number): string {
  const isOurs = peers === null ? '1' : 'index(peers, " " peer " ")'
  const awk = `NF { peer = $NF; sub(/:[0-9]+$/, "", peer); gsub(/[][]/, "", peer); sub(/%.*$/, "", peer); sub(/^::ffff:/, "", peer)
if (${isOurs}) count++ } END { print count + 0 }`
  return `${withSs}deadline=$(( $(date +%s) + ${timeoutSeconds} ))
polls=0
while :; do
  lines=$(ss -Htn state established state syn-recv state syn-sent ${quote(filter)}) || exit ${countExit.list}
  left=$(printf '%s\\n' "$lines" | awk -v peers=${quote(` ${(peers ?? []).join(' ')} `)} ${quote(awk)})
  case $left in ''|*[!0-9]*) echo "no number: $left" >&2; exit ${countExit.number};; esac
  [ "$left" -eq 0 ] && [ $polls -ge ${settlePolls} ] && exit 0
  [ "$(date +%s)" -lt "$deadline" ] || [ $polls -lt ${settlePolls} ] || { echo "left $left"; exit ${countExit.left}; }
  polls=$((polls + 1))
  [ $((polls % ${pollsPerLine})) -eq 0 ] && [ "$left" -gt 0 ] && echo "left $left"
  sleep ${pollSeconds} 2>/dev/null || sleep 1
done
`
}
