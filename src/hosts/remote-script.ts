/**
 * What is sent to a machine so that a POSIX shell script runs there whatever the login shell is, how long the script
 * is, and what its start-up files print. Only text is built here.
 */
import { signalSessionFunction } from './process-session.ts'

/**
 * The command of every session, the same for all scripts. It has no backslash and no inner quote, so sh, bash, zsh and
 * fish all read it alike. The script itself comes on standard input: there it may have any length (one argument may
 * not, 128 KiB on Linux), and no other user of the machine sees its secrets in `ps`.
 *
 * `read` takes no byte more than its line (POSIX), so what follows the script is left for the script's own input. A
 * script that did not arrive whole is not run at all.
 */
export const BOOTSTRAP = `exec sh -c '
IFS=" " read -r zdr_marker zdr_lines || exit 125
zdr_target=$$
kill -s 0 -- -$$ 2>/dev/null && zdr_target=-$$
echo "$zdr_marker $zdr_target" >&2
echo "$zdr_marker"
zdr_script=
while [ "$zdr_lines" -gt 0 ]; do
  IFS= read -r zdr_line || exit 125
  zdr_script="$zdr_script$zdr_line
"
  zdr_lines=$((zdr_lines - 1))
done
eval "unset zdr_marker zdr_target zdr_script zdr_line zdr_lines
$zdr_script"
'`

/**
 * What BOOTSTRAP reads first. `marker` (one word) begins the first line of both streams, which tells the script's
 * output from what the login shell's start-up files printed. On stderr it is followed by what `kill` takes to end the
 * script: `-123` where it leads a process group, as under OpenSSH, else its own `123`.
 */
export function frame(script: string, marker: string): string {
  return `${marker} ${script.split('\n').length}\n${script}\n`
}

/** True for what BOOTSTRAP may have written behind the marker; 0 and 1 would reach far more than the script. */
export function isTarget(text: string): boolean {
  return /^-?[1-9]\d+$/.test(text) || /^-?[2-9]$/.test(text)
}

/**
 * Meant for `exec` as it stands, in whatever login shell. It is no error where nothing is left to end. What must end is
 * told so once more: it may have been starting something.
 */
export function sendSignal(signal: 'TERM' | 'KILL', target: string): string {
  if (!target.startsWith('-')) return `exec sh -c 'kill -s ${signal} -- ${target} 2>/dev/null; exit 0'`
  const send = `signal_session ${target.slice(1)} ${signal}`
  return `exec sh -c '${signalSessionFunction}${signal === 'KILL' ? `${send} && ` : ''}${send}; exit 0'`
}
