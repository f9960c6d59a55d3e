/**
 * The shell text of a step that does not need the connection it was begun on. It runs in a session of its own, and what
 * it says and how it ended is kept on the host, where any later connection finds it. Builders only.
 *
 * A deploy has a folder for its steps (`.zdr/steps/<token>`), which only its owner may enter. Each has files there:
 * - `<id>.state`: its flock is held for as long as the step has not ended. Then its last line says how. Empty: never begun.
 * - `<id>.out`, `<id>.err`: what it said.
 * - `<id>.script`: what it runs, until it has ended.
 * - `<id>.off`: nobody waits for it any more. It is not begun.
 *
 * Nothing is synced: what is not there any more when the machine has lost its power is not needed, for no step that
 * may have begun is begun again on a machine that was started since.
 */
import { fenceFunctions, signScript, takePlaceScript } from './fence.ts'
import type { Layout } from './layout.ts'
import { reservePath } from './lock-place.ts'
import { quote } from './shell.ts'

export interface Job {
  /** Unique. Whoever comes again with it finds the same job, and never begins it twice. */
  readonly id: string
  /** Of the deploy. */
  readonly token: string
  readonly script: string
  readonly timeoutMs: number
  /** For the place behind an earlier step of the same deploy. */
  readonly waitMs: number
  /** Only its own time limit ends it. */
  readonly isLasting: boolean
  /** So long ago it was tried first: a machine that was started since may have forgotten that it had begun it. */
  readonly sinceMs: number
  /** Jobs of the same deploy whose end is known: what is kept of them goes. */
  readonly known: readonly string[]
  /** Jobs of the same deploy that were given up: what still runs of them is ended, what has not begun never does. */
  readonly abandoned: readonly string[]
}

/** What `jobScript` ends with where its last line is `jobMark` and a `JobWord`. */
export const jobExit = 76

/**
 * - `late`: its time was over, and it was ended.
 * - `lost`: not begun: the lock is not ours.
 * - `busy`: not begun: an earlier step of the same deploy is still running.
 * - `foreign`: not begun: a step of another deploy, which nobody ends, is still running.
 * - `full`: not begun: there was no room to write that down.
 * - `taken`: it ended badly, and the lock is not ours any more: whoever has it now has ended it.
 * - `gone`: begun, perhaps; how it ended nobody knows.
 */
const words = ['late', 'lost', 'busy', 'foreign', 'full', 'taken', 'gone'] as const
export type JobWord = (typeof words)[number]

export function isJobWord(text: string): text is JobWord {
  return words.some((word) => word === text)
}

/** Begins the lines of stderr that are ours: `<mark> begun` before all else, and the word at the end. */
export function jobMark({ id }: Pick<Job, 'id'>): string {
  return `zdr-${id}`
}

/** While it waits for the end, it passes on what was said meanwhile so often. The end itself it hears at once. */
const followSeconds = 0.2

/**
 * Begins the job, unless it has begun already, and follows it from its first word to its end. May be repeated. The one
 * who begins it is ready in a pipe, not in the background: what a shell puts there can never be interrupted (SIGINT).
 */
export function jobScript(layout: Layout, job: Job): string {
  const mark = jobMark(job)
  return `command -v setsid >/dev/null 2>&1 || { echo 'there is no setsid: install util-linux' >&2; exit 1; }
mask=$(umask)
umask 077
[ -d ${quote(layout.zdr)} ] || { echo '${mark} lost' >&2; exit ${jobExit}; }
folder=${quote(folderOf(layout, job))} job=${quote(pathOf(layout, job))}
full() { echo '${mark} full' >&2; exit ${jobExit}; }
free_reserve() { rm -f ${quote(reservePath(layout))}; }
[ -d "$folder" ] || mkdir -p "$folder" 2>/dev/null || { free_reserve; mkdir -p "$folder"; } || full
write() {
  true > "$job.out" && true > "$job.err" && printf 'umask %s\\n%s\\n' "$mask" ${quote(`${signScript(layout, job)}${job.script}`)} > "$job.script"
}
{
  if flock -n 6 && [ ! -s "$job.state" ]; then
    write 2>/dev/null || { free_reserve; write; } || { rm -f "$job.script"; exit; }
    up=0
    read -r up idle 2>/dev/null < /proc/uptime
    if [ "\${up%%.*}" -ge ${Math.floor(job.sinceMs / 1000)} ]; then
      echo full
      exec setsid sh -c ${quote(guardianScript(layout, job))} </dev/null >/dev/null 2>&1
    fi
    echo gone >&6
    echo gone
  fi
  echo full
} 6>>"$job.state" | {
  # How it ended where that is written nowhere. Not a word: who was to begin it could not, but another may have.
  read -r how || { [ -s "$job.state" ] || full; echo '${mark} gone' >&2; exit ${jobExit}; }
  echo '${mark} begun' >&2
  exec 3<"$job.out" 4<"$job.err" 8<"$job.state" </dev/null
  pass_on() {
    [ ! -s "$job.out" ] || cat <&3
    [ ! -s "$job.err" ] || cat <&4 >&2
  }
  while flock -s -w ${followSeconds} 8; [ $? = 1 ]; do pass_on; done
  pass_on
  # A script that opens /dev/stderr anew cuts it off: what it said then must not be missed.
  is_cut() { read -r word at 2>/dev/null < "/proc/self/fdinfo/$1" && [ "$at" -gt "$(wc -c < "$2")" ]; }
  if [ -s "$job.out" ] && is_cut 3 "$job.out"; then cat "$job.out"; fi
  if [ -s "$job.err" ] && is_cut 4 "$job.err"; then cat "$job.err" >&2; fi
  while read -r word value; do how=$word code=$value; done <&8
  case $how in
    exit) exit "$code" ;;
    begun) how=gone ;;
  esac
  [ -z "$(tail -c 1 "$job.err" 2>/dev/null)" ] || echo >&2
  echo "${mark} $how" >&2
  exit ${jobExit}
}
`
}

/**
 * The guardian: takes the place, runs the step in a session of that one's own, and writes down how it ended, which is
 * heard by whoever waits for the flock of `state`. So does the watch, for no longer than the step may take: then it
 * ends the session. Neither flock is passed on to the step, for that may leave something running (pm2's daemon).
 */
function guardianScript(layout: Layout, job: Job): string {
  const { token, timeoutMs, waitMs, abandoned } = job
  const steps = stepsOf(layout)
  return `job=${quote(pathOf(layout, job))}
refused() { echo "$1" >&6; rm -f "$job.script"; exit; }
${fenceFunctions(layout, token)}${giveUpScript(layout, job)}exec 8<"$job.state"
${takePlaceScript(layout, { token, abandoned, waitSeconds: Math.ceil(waitMs / 1000) })}[ ! -e "$job.off" ] || refused gone
for other in ${quote(steps)}/*; do
  # Of deploys that had the lock before us.
  [ "$other" = ${quote(folderOf(layout, job))} ] || ! ours || rm -rf "$other"
done
(
  flock -s -w ${timeoutMs / 1000} 8
  [ $? = 1 ] || exit 0
  until read -r word group start <&8; do sleep 0.1 2>/dev/null || sleep 1; done
  trap '' TERM
  ! is_there "$group" "$start" || end_session "$group"
  exit 9
) 6>&- 7>&- &
watch=$!
setsid sh "$job.script" </dev/null >>"$job.out" 2>>"$job.err" 7>&- 8<&-
code=$?
kill "$watch" 2>/dev/null
wait "$watch"
if [ $? = 9 ]; then echo late >&6
elif [ ! -s "$job.state" ] && ours; then echo full >&6
elif [ ! -s "$job.state" ]; then echo lost >&6
elif [ "$code" = 0 ] || ours; then echo "exit $code" >&6
else echo taken >&6; fi
exec 6>&- 7>&- 8<&-
rm -f "$job.script"${job.known.map((id) => ` ${quote(pathOf(layout, { id, token }))}.*`).join('')} &
`
}

function giveUpScript(layout: Layout, { abandoned, token }: Job): string {
  return abandoned.map((id) => `: > ${quote(`${pathOf(layout, { id, token })}.off`)}\n`).join('')
}

function stepsOf({ zdr }: Layout): string {
  return `${zdr}/steps`
}

function folderOf(layout: Layout, { token }: Pick<Job, 'token'>): string {
  return `${stepsOf(layout)}/${token.replaceAll(/[^A-Za-z0-9_-]/g, '_')}`
}

/** Of its files, without what tells them apart. */
function pathOf(layout: Layout, job: Pick<Job, 'id' | 'token'>): string {
  return `${folderOf(layout, job)}/${job.id}`
}
