/** The shell text that puts our files onto an nginx machine, and makes them run. Builders only. */
import { command, quote } from '../hosts/shell.ts'
import { holdOutFunctions } from './hold-out.ts'
import { askFunctions, livePath, oldWorkersPath, switchFiles } from './nginx-scripts.ts'
import type { Rendered } from './render.ts'

/** How long new workers may take to come, and old ones to stop taking connections. */
const reloadTimeoutSeconds = 10

/** Where it is not said, and how many files beside it are read. */
const defaultMain = '/etc/nginx/nginx.conf'
const filesMax = 500

/** A running nginx: the process, and the words that it was started with. */
export interface Master {
  readonly pid: number
  /** As it was called, `/usr/sbin/nginx` or `nginx`. */
  readonly binary: string
  /** `-c`, `-p`, `-e` and `-g` with their values. */
  readonly flags: readonly string[]
}

/** Exit codes of `applyScript`. */
export const applyExit = { brokenBefore: 20, switchFile: 21, brokenByUs: 22, notLive: 23, blind: 24, gone: 25 } as const

/** Prints `user NAME`, and for each nginx of this mount namespace `master RIGHTS PID TITLE`; rights: own, root, sudo, none. */
export const findScript = `echo "user $(id -un)"
sudo=none
[ "$(id -u)" != 0 ] && sudo -n sh -c true >/dev/null 2>&1 && sudo=sudo
for line in $(grep -ls '^nginx: master process' /proc/[0-9]*/cmdline 2>/dev/null); do
  process=\${line%/cmdline}
  [ "$(readlink "$process/ns/mnt" 2>/dev/null)" = "$(readlink /proc/self/ns/mnt)" ] || [ "$(id -u)" != 0 ] || continue
  rights=$sudo
  [ -O "$process" ] && rights=own
  [ "$(id -u)" = 0 ] && rights=root
  echo "master $rights \${process#/proc/} $(tr '\\000' ' ' < "$process/cmdline")"
done
exit 0
`

/** The master's words from its title. nginx shows them without quotes: `-g` goes on until the next flag. */
export function readTitle(pid: number, title: string): Master {
  const [binary = 'nginx', ...words] = title
    .replace(/^nginx: master process /, '')
    .trim()
    .split(/\s+/)
  const flags: string[] = []
  for (const word of words) {
    const flag = flags.at(-2)
    const isValueOfG = flag === '-g' && !/^-[cpe]$/.test(word)
    if (isValueOfG) flags.push(`${flags.pop()} ${word}`)
    else flags.push(word)
  }
  return { pid, binary, flags }
}

/** Defines `run_nginx`, with the words of the running master. Fails where that master is gone. */
function nginxFunctions({ pid, binary, flags }: Master): string {
  return `PATH=$PATH:/usr/sbin:/usr/local/sbin; export PATH
master=${pid}
grep -qs '^nginx: master process' /proc/$master/cmdline || { echo "nginx was started anew" >&2; exit ${applyExit.gone}; }
binary=$(readlink /proc/$master/exe 2>/dev/null); binary=\${binary%' (deleted)'}
[ -x "$binary" ] || binary=${quote(binary)}
run_nginx() { "$binary" ${command(...flags)} "$@"; }
`
}

/** Prints `version nginx/1.22.1` and then all that `nginx -T` prints; exit status and stderr are those of `-T`. */
export function dumpScript(master: Master): string {
  return `${nginxFunctions(master)}echo "version $(run_nginx -v 2>&1 | sed -n 's/^nginx version: //p')"
run_nginx -T
`
}

/** The same as far as this user may read the files, for want of the rights to `nginx -T`. */
export function filesScript({ pid, binary, flags }: Master): string {
  const at = flags.indexOf('-c')
  return `main=${quote((at < 0 ? undefined : flags[at + 1]) ?? defaultMain)}
show() { [ -f "$1" ] && [ -r "$1" ] && { echo "# configuration file $1:"; cat "$1"; echo; }; }
PATH=$PATH:/usr/sbin:/usr/local/sbin
binary=$(readlink /proc/${pid}/exe 2>/dev/null) || binary=${quote(binary)}
echo "version $("\${binary%' (deleted)'}" -v 2>&1 | sed -n 's/^nginx version: //p')"
show "$main" || exit 1
find -L "\${main%/*}" -type f ! -path "$main" 2>/dev/null | head -n ${filesMax} | while read -r file; do
  case $file in *.pem|*.key|*.crt) ;; *) show "$file";; esac
done
exit 0
`
}

export interface ApplyWords {
  readonly master: Master
  readonly rendered: Rendered
  readonly statusPort: number
  readonly upstreamsPath: string
  readonly switchPath: string
  /** Who deploys: the switch folder is theirs. */
  readonly owner: string
  /** Whether the site is seen to use the switch; `ask`: the script itself looks, for a person who runs it. */
  readonly isSiteReady: 'yes' | 'no' | 'ask'
  /** Hosts that are out from the moment on at which nginx knows them. */
  readonly newcomers: readonly string[]
}

/**
 * Writes both files (old ones stay beside them, hidden, where no include finds them), makes the switch folder, tests,
 * and, where the site is ready and something changed, lets nginx read its configuration anew and waits until it runs.
 * Whatever fails puts the former bytes back. Prints `changed`, `reloaded`, `live`, or `waiting` (for the site). May be repeated.
 */
export function applyScript(words: ApplyWords): string {
  const { master, rendered, statusPort, upstreamsPath, switchPath } = words
  return `umask 022
${nginxFunctions(master)}${askFunctions(statusPort)}${switchFiles}${workerFunctions}${holdOutFunctions(rendered, words.newcomers)}fail() { echo "$2" >&2; exit "$1"; }
before=$(run_nginx -t 2>&1) || case $before in
  *${quote(upstreamsPath)}*|*${quote(switchPath)}*) ;;
  *) fail ${applyExit.brokenBefore} "$before";;
esac
${makeFolder(words)}${writeFiles(words)}
after=$(run_nginx -t 2>&1) || { restore; fail ${applyExit.brokenByUs} "$after"; }
${siteCheck(words)}
mark="${rendered.hash} $(run_nginx -T 2>/dev/null | cksum)"
runs() { case $(ask) in *" ${rendered.hash}") return 0;; esac; return 1; }
if [ "$(cat ${quote(livePath(rendered.folder))} 2>/dev/null)" = "$mark" ] && runs; then hold_out; echo live; exit 0; fi
${reload(words)}`
}

function makeFolder({ rendered, owner }: ApplyWords): string {
  const { folder, outSets } = rendered
  const known = ` ${outSets.map(({ file }) => file).join(' ')} `
  return `owner=${quote(owner)}
# Whoever the switch belongs to keeps it when root sets up again: root may turn it all the same.
[ "$owner" != root ] || [ ! -d ${quote(folder)} ] || owner=$(ls -ld ${quote(folder)} | awk '{ print $3 }')
mkdir -p ${quote(folder)} && chmod 755 ${quote(folder)} && cd ${quote(folder)} || fail ${applyExit.switchFile} "no folder"
current=$(switch_files)
case ${quote(known)} in
  *" $current "*) ;;
  *) [ -z "$current" ] || fail ${applyExit.switchFile} "$current"
     (set -C; : > in) && chown -h "$owner" in || fail ${applyExit.switchFile} "in";;
esac
chown -h "$owner" .
`
}

/** The temporary and the former files begin with a dot: no `include` pattern, not even `*`, takes them in. */
function writeFiles({ rendered, upstreamsPath, switchPath }: ApplyWords): string {
  const write = (path: string, text: string): string => {
    const slash = path.lastIndexOf('/') + 1
    const hidden = `${path.slice(0, slash)}.${path.slice(slash)}`
    return `put ${command(path, `${hidden}.new`, `${hidden}.before`)} <<'END_OF_FILE'\n${text}END_OF_FILE\n`
  }
  return `changed=
put() {
  mkdir -p "\${1%/*}" && cat > "$2" && chmod 644 "$2" || fail 1 "$1 could not be written"
  if [ -f "$1" ] && [ "$(cat "$1")" = "$(cat "$2")" ]; then rm -f "$2"; return; fi
  sync "$2" 2>/dev/null || sync
  rm -f "$3"
  [ ! -f "$1" ] || cp -p "$1" "$3"
  mv -f "$2" "$1"
  changed="$changed $1:$2:$3"
  echo "changed $1"
}
restore() {
  for entry in $changed; do
    IFS=: read -r file new old <<END_OF_ENTRY
$entry
END_OF_ENTRY
    if [ -f "$old" ]; then cp -p "$old" "$new" && mv -f "$new" "$file"; else rm -f "$file"; fi
  done
  sync
}
${write(upstreamsPath, rendered.upstreams)}${write(switchPath, rendered.switch)}`
}

function siteCheck({ rendered, isSiteReady, upstreamsPath, switchPath }: ApplyWords): string {
  const live = quote(livePath(rendered.folder))
  const waiting = `{ rm -f ${live}; echo waiting; exit 0; }`
  if (isSiteReady === 'yes') return ''
  if (isSiteReady === 'no') return `${waiting}`
  const lines = [
    `http block:   include ${upstreamsPath};`,
    `server block: include ${switchPath};`,
    `location:     proxy_pass http://$${rendered.variable};`,
  ]
  return `run_nginx -T 2>/dev/null | grep -v '^[[:space:]]*#' | grep -q ${quote(`proxy_pass .*\\$${rendered.variable}`)} || {
  printf '%s\\n' 'Now the site needs these lines. Run this script once more when they are there.' ${command(...lines)}
  ${waiting}
}`
}

/** Workers of this master as `PID:START` words: `all_workers`, and those that take connections. */
const workerFunctions = `workers() {
  for path in $(grep -ls "$1" /proc/[0-9]*/cmdline 2>/dev/null); do
    set -- $(cat "\${path%/cmdline}/stat" 2>/dev/null)
    [ "\${4:-}" = "$master" ] && echo "$1:\${22}"
  done
}
all_workers() { workers '^nginx: worker process'; }
leaving_workers() { workers '^nginx: worker process is shutting down'; }
`

function reload({ rendered }: ApplyWords): string {
  const seconds = `deadline=$(( $(date +%s) + ${reloadTimeoutSeconds} ))`
  return `hold_out
old=$(all_workers)
kill -HUP $master || { let_in; fail ${applyExit.notLive} "nginx could not be signalled"; }
${seconds}
is_new() {
  leaving=$(leaving_workers)
  now=$(all_workers)
  new=
  for worker in $now; do
    case " $(echo $old) " in
      *" $worker "*) case " $(echo $leaving) " in *" $worker "*) ;; *) return 1;; esac;;
      *) new=yes;;
    esac
  done
  [ -n "$new" ] && runs
}
until is_new; do
  [ "$(date +%s)" -lt "$deadline" ] || { restore; let_in; fail ${applyExit.notLive} "nginx goes on running its former configuration; its error log says why"; }
  sleep 0.1 2>/dev/null || sleep 1
done
echo reloaded
now=" $(echo $(all_workers)) "
for worker in $old; do
  case $now in *" $worker "*) echo "$worker";; esac
done > ${quote(oldWorkersPath(rendered.folder))}
case $(ask) in blind*) fail ${applyExit.blind} "nginx cannot see ${rendered.folder}";; esac
echo "$mark" > ${quote(livePath(rendered.folder))}
echo live
`
}
