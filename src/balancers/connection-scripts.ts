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
/** `proxy_next_upstream_timeout` in switch.conf. */
export const retrySeconds = 4
/**
 * A request whose pool was chosen before the host was taken out may still be tried on it, where another server failed it,
 * for `retrySeconds`. One that waits in connect() for a server of the upstream is seen, and waited for. One that was
 * connected, and fails when more than 1.2 s are over, is not: it was failed by a server that no deploy had touched, and
 * would be lost without another try. It may meet the reload of this one, and is lost then too.
 */
const settleSeconds = 1.2
/** By a clock of whole seconds. */
const clockSeconds = 1
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
 * Ends when no request can come any more whose pool was chosen before it began, by `settleSeconds`: after 1.2 s, or 5 s
 * at the most. For the machine of the balancer; without an `ss` there it waits as if a request hung.
 */
export function settleScript(servers: readonly string[]): string {
  const ports = [...new Set(servers.map((server) => `dport = :${splitServer(server).port}`))]
  const list = `ss -Htn state syn-sent ${quote(`( ${ports.join(' or ')} )`)}`
  return `${withSs}deadline=$(( $(date +%s) + ${retrySeconds + clockSeconds} ))
sleep ${settleSeconds} 2>/dev/null || sleep 2
while [ "$(date +%s)" -lt "$deadline" ] && [ -n "$(${list} || echo unseen)" ]; do
  sleep ${pollSeconds} 2>/dev/null || sleep 1
done
`
}

/**
 * Ends with 0 when nothing that matches is left; with 5 when the time is over; with anything else when it could not
 * count (a missing `ss`, piped into a count, would read as zero). Prints `left <number>` about once a second. A request
 * whose client left is waited for no more: nginx closed it.
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
  [ "$left" -eq 0 ] && exit 0
  [ "$(date +%s)" -lt "$deadline" ] || { echo "left $left"; exit ${countExit.left}; }
  [ $((polls % ${pollsPerLine})) -eq 0 ] && echo "left $left"
  polls=$((polls + 1))
  sleep ${pollSeconds} 2>/dev/null || sleep 1
done
`
}
