/** The shell text that reads and turns the switch. Builders only: they return text for a POSIX `sh`. */
import { flockFunction, isOf, type LockPlace, openScript } from '../hosts/lock-place.ts'
import { quote } from '../hosts/shell.ts'
import { withSs } from './connection-scripts.ts'
import { folderOf, type NginxPools } from './render.ts'

/** Others have the switch for an instant. */
const turnWaitSeconds = 5
/** How long nginx may take until every answer says the new pool. A rename is seen by the very next request. */
const publishTimeoutSeconds = 10
/** Answers asked for at the least, and at the most: one for each worker, twice over. */
const askMin = 4
const askMax = 64
/** Lines of the journal that are read: the last one tells, the others are there if it is torn. */
const journalLines = 20
/** Lines that the journal is cut down to, once it has so many. */
const journalKept = 200
const journalMax = 1_000

/** Exit codes of `publishScript`. */
export const publishExit = {
  folder: 20,
  busy: 21,
  otherHand: 22,
  unseen: 23,
  rename: 24,
  locked: 25,
  flock: 26,
} as const

/** Held while the switch is turned, and while its lock gets another owner. Beside the journal, which is replaced. */
const turningPath = (folder: string): string => `${folder}/turning`
const lockPath = (folder: string): string => `${folder}/lock`

/** The lock of the balancer, beside the switch: a deploy may write there. */
export function switchLock(pools: Pick<NginxPools, 'upstream' | 'folder'>): LockPlace {
  const folder = folderOf(pools)
  return {
    folders: [folder],
    isMade: false,
    lock: lockPath(folder),
    fence: turningPath(folder),
    heldBy: 'is the balancer of a deploy by',
  }
}

/** Written by setup, beside the switch folder: root writes nothing into a folder that an ordinary user may write to. */
export function livePath(folder: string): string {
  return `${folder}.live`
}

/** `PID:START` lines of the workers that were there before the switch. */
export function oldWorkersPath(folder: string): string {
  return `${folder}.old-workers`
}

/**
 * Defines `ask` (one answer of nginx, on a connection of its own, `<pool> <hash>` or nothing) and `asks`: how often to
 * ask, so that every worker is likely to be heard. The raw forms print the headers as well; `sed` takes only our line.
 */
export function askFunctions(statusPort: number): string {
  const raw = {
    bash: `exec 3<>/dev/tcp/127.0.0.1/$1 && printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3 && cat <&3`,
    perl: `use IO::Socket::INET; my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$ARGV[0]", Timeout => 3) or exit 1; print $s "GET / HTTP/1.0\\r\\n\\r\\n"; print while <$s>;`,
    python3: `import socket, sys; s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 3); s.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n"); print(s.makefile().read())`,
  }
  return `unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
has() { command -v "$1" >/dev/null 2>&1; }
fetch() {
  if has curl; then curl -s -m 3 http://127.0.0.1:${statusPort}/
  elif has wget; then wget -q -T 3 -O - http://127.0.0.1:${statusPort}/
  elif has bash; then bash -c ${quote(raw.bash)} bash ${statusPort}
  elif has perl; then perl -e ${quote(raw.perl)} ${statusPort}
  elif has python3; then python3 -c ${quote(raw.python3)} ${statusPort}
  fi 2>/dev/null
}
ask() { fetch | tr -d '\\r' | sed -n 's/^zdr-deploy //p'; }
asks=$(( $(grep -ls '^nginx: worker process' /proc/[0-9]*/cmdline 2>/dev/null | wc -l) * 2 ))
[ "$asks" -ge ${askMin} ] || asks=${askMin}
[ "$asks" -le ${askMax} ] || asks=${askMax}
`
}

/** Defines `switch_files`: the names, in this folder, that say who is out. */
export const switchFiles = `switch_files() { for name in in out_*; do [ -f "$name" ] && printf '%s\\n' "$name"; done; }
`

/** Prints what there is, a fact a line (read by `readFacts`): `file NAME`, `answer POOL HASH`, `journal LINE`, `live HASH`, `old PID`, … */
export function observeScript(folder: string, statusPort: number): string {
  return `${withSs}${askFunctions(statusPort)}${switchFiles}
has curl || has wget || has bash || has perl || has python3 || echo "no asking"
has bash || has perl || has python3 || echo "no holding"
has ss || echo "no ss"
i=0; while [ $i -lt "$asks" ]; do echo "answer $(ask)"; i=$((i + 1)); done
cd ${quote(folder)} 2>/dev/null || { echo "no folder"; exit 0; }
[ -w . ] && { [ ! -e journal ] || [ -w journal ]; } || echo "no writing"
switch_files | sed 's/^/file /'
[ -f journal ] && { tail -n ${journalLines} journal; echo; } | sed 's/^/journal /'
[ -f ${quote(livePath(folder))} ] && sed -n '1s/^/live /p' ${quote(livePath(folder))}
[ -f ${quote(oldWorkersPath(folder))} ] && while IFS=: read -r pid started; do
  set -- $(cat "/proc/$pid/stat" 2>/dev/null)
  [ "\${22:-}" = "$started" ] && echo "old $pid"
done < ${quote(oldWorkersPath(folder))}
exit 0
`
}

export interface PublishWords {
  readonly folder: string
  readonly statusPort: number
  /** The switch file as it was last seen, and as it is to be named. */
  readonly from: string
  readonly to: string
  /** The token of the deploy, whose the lock has to be. */
  readonly by: string
  /** The journal's line, without the opening brace and the moment; null where it stands there already. */
  readonly line: string | null
  /** What nginx has to say then: `zdr_shop__out_… 0123456789abcdef`. */
  readonly answer: string
}

/**
 * Announces the change in the journal, on disk, and renames; then asks nginx until all its answers say so.
 * The flock keeps "whose lock, look, announce, rename" of two deploys apart; a person's `mv` in between makes the
 * rename fail, since its source is gone. Announced and not renamed is recognised later: the line says `from`.
 */
export function publishScript({ folder, statusPort, from, to, by, line, answer }: PublishWords): string {
  const announce =
    line === null
      ? ''
      : `  [ -z "$(tail -c 1 journal)" ] || echo >> journal
  printf '{"at":"%s",%s\\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" ${quote(line)} >> journal || exit ${publishExit.folder}
  sync journal 2>/dev/null || sync
`
  return `${askFunctions(statusPort)}${switchFiles}
cd ${quote(folder)} && true >> journal || exit ${publishExit.folder}
${openScript(9, turningPath(folder))}${flockFunction(`echo "flock: $said" >&2; exit ${publishExit.flock}`)}turn() {
  take -w ${turnWaitSeconds} 9 || exit ${publishExit.busy}
  ${isOf(lockPath(folder), by)} || exit ${publishExit.locked}
  current=$(switch_files)
  if [ "$current" != ${quote(from)} ]; then
    # Turned already, by an attempt of ours whose answer was lost. Anybody else had a reason of their own.
    [ "$current" = ${quote(to)} ] && tail -n 1 journal | grep -qF -e ${quote(line ?? 'nothing')} || { echo "file $current"; exit ${publishExit.otherHand}; }
  fi
${line === null ? '' : cutJournal}${announce}  [ "$current" = ${quote(to)} ] && return
  mv -f ${quote(from)} ${quote(to)} || exit ${publishExit.rename}
  sync . 2>/dev/null || sync
}
turn
exec 9>&-
deadline=$(( $(date +%s) + ${publishTimeoutSeconds} ))
while :; do
  i=0
  while [ $i -lt "$asks" ]; do
    heard=$(ask)
    [ "$heard" = ${quote(answer)} ] || break
    i=$((i + 1))
  done
  if [ $i -eq "$asks" ]; then
    current=$(switch_files)
    [ "$current" = ${quote(to)} ] && exit 0
    echo "file $current"; exit ${publishExit.otherHand}
  fi
  [ "$(date +%s)" -lt "$deadline" ] || { echo "answer $heard"; exit ${publishExit.unseen}; }
  sleep 0.1 2>/dev/null || sleep 1
done
`
}

/** Whole, or not at all: what cannot be written leaves it as long as it is. */
const cutJournal = `  if [ "$(wc -l < journal)" -ge ${journalMax} ]; then
    tail -n ${journalKept} journal > journal.new && { sync journal.new 2>/dev/null || sync; } && mv -f journal.new journal
  fi
`
