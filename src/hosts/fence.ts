/**
 * The shell text that keeps steps apart: one at a time on a host, and only while the lock is of the deploy that it
 * belongs to. Builders only.
 */
import type { Layout } from './layout.ts'
import { isOf } from './lock-place.ts'
import { signalSessionFunction } from './process-session.ts'
import { quote } from './shell.ts'

/** How a step is signed that only its own time limit ends. */
const endsByItself = 'by-itself'
/** What a step ends with that could not be signed, or is not wanted any more, and so did not begin. */
const notBegun = 75

/** From asking a step to end to making it end, and then until it is gone. To look takes about as long as to wait. */
const graceTenths = 20

/** Prints `ours` where the lock is of that deploy: one that lost it to another changes nothing more (promise 5). */
export function ownsScript({ lock }: Pick<Layout, 'lock'>, token: string): string {
  return `${isOf(lock, token)} && echo ours\nexit 0\n`
}

/** Where steps are kept apart: its flock is held while one runs, and it says which process leads it, and whose it is. */
function placeOf({ lock }: Pick<Layout, 'lock'>): string {
  return `${lock}.step`
}

/**
 * Functions for whoever begins a step, or ends one.
 *
 * A step is named by the process that leads its session and that one's start, as /proc tells it, so that a number that
 * another process has by now is left alone. Where there is no /proc, nobody's step is ended by another.
 */
export function fenceFunctions(layout: Pick<Layout, 'lock'>, token: string): string {
  return `ours() { ${isOf(layout.lock, token)}; }
is_there() {
  read -r stat 2>/dev/null < "/proc/$1/stat" || return
  set -- "$2" \${stat##*) }
  [ -n "$1" ] && [ "\${21:-}" = "$1" ]
}
${signalSessionFunction}a_moment() { if sleep 0.1 2>/dev/null; then tenths=$((tenths + 2)); else sleep 1; tenths=$((tenths + 10)); fi; }
end_session() {
  signal_session "$1" TERM || return 0
  tenths=0
  while signal_session "$1" 0 && [ "$tenths" -lt ${graceTenths} ]; do a_moment; done
  tenths=0
  while signal_session "$1" KILL && [ "$tenths" -lt ${graceTenths} ]; do a_moment; done
}
seen_step() {
  group= start= holder= id= kind=
  read -r group start holder id kind 2>/dev/null < ${quote(placeOf(layout))}
  [ -n "$start" ] && is_there "$group" "$start"
}
`
}

/** Ends the step of that deploy that is under way, or prints `goes on` where it is one that nobody ends. */
export function endStepScript(layout: Pick<Layout, 'lock'>, token: string): string {
  return `${fenceFunctions(layout, token)}if seen_step && [ "$holder" = ${quote(token)} ]; then
  if [ "$kind" = ${endsByItself} ]; then echo 'goes on'; else end_session "$group"; fi
fi
`
}

export interface TakingPlace {
  readonly token: string
  /** For an earlier step of the same deploy, and one that nobody ends. */
  readonly waitSeconds: number
  /** Steps of the same deploy that nobody waits for any more. */
  readonly abandoned: readonly string[]
}

/**
 * Takes the place, as descriptor 7, or calls `refused` with `lost`, `busy` or `foreign`, which must not return. A step of
 * another deploy that still runs is ended, for its lock is ours now, and so is one of ours that was abandoned; one that
 * only its time limit ends is waited for, even where its guardian died.
 */
export function takePlaceScript(layout: Pick<Layout, 'lock'>, { token, waitSeconds, abandoned }: TakingPlace): string {
  const place = quote(placeOf(layout))
  return `is_to_end() {
  [ "$kind" != ${endsByItself} ] || return 1
  [ "$holder" = ${quote(token)} ] || return 0
  case ${quote(` ${abandoned.join(' ')} `)} in *" $id "*) return 0 ;; esac
  return 1
}
waited=0
wait_more() {
  ours || refused lost
  waited=$((waited + 1))
  [ "$waited" -lt ${waitSeconds} ] && return
  if [ "$kind" = ${endsByItself} ] && [ "$holder" != ${quote(token)} ]; then refused foreign; else refused busy; fi
}
exec 7>>${place}
until flock -w 1 7; do
  ours || refused lost
  if seen_step && is_to_end; then end_session "$group"; fi
  wait_more
done
ours || refused lost
while seen_step && [ "$kind" = ${endsByItself} ]; do sleep 1; wait_more; done
if seen_step; then end_session "$group"; fi
: > ${place}
`
}

export interface Signature {
  readonly id: string
  readonly token: string
  /** Only its own time limit ends it. */
  readonly isLasting: boolean
}

/**
 * For the process that leads the step's session, before all else: says that it is the one, where steps are kept apart and
 * as `begun <leader> <start>` on descriptor 6, which is closed then. Where there is no room for that, it goes no further:
 * nobody could end it, nor know that it had begun. Nor where the lock was taken away since its guardian looked: whoever
 * did so, and then found no step to end, leaves none behind.
 */
export function signScript(layout: Pick<Layout, 'lock'>, { id, token, isLasting }: Signature): string {
  const words = `${id} ${isLasting ? endsByItself : ''}`
  return `read -r zdr_stat 2>/dev/null < "/proc/$$/stat" && set -- \${zdr_stat##*) }
printf '%s %s %s %s\\n' "$$" "\${20:-}" ${quote(token)} ${quote(words)} > ${quote(placeOf(layout))} || exit ${notBegun}
${isOf(layout.lock, token)} || exit ${notBegun}
echo "begun $$ \${20:-}" >&6 || exit ${notBegun}
exec 6>&-
unset zdr_stat whose
set --
`
}
