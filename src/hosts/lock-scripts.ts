/**
 * The shell text that takes, shows and takes away the lock of an environment on one machine. Builders only: they return
 * text for a POSIX `sh`. The lock is `flock` on a file beside the owner's line. A third one says which process holds it,
 * and when it was heard of last, by the time since the machine started: a clock may be set.
 */
import { enterFoldersScript, type LockOwner, lapseMs } from './lock.ts'
import {
  fenceScript,
  fenceWaitSeconds,
  flockFunction,
  holderPath,
  isOf,
  keepReserveScript,
  type LockPlace,
  openScript,
  reservePath,
  silentFunction,
} from './lock-place.ts'
import { quote } from './shell.ts'

/** `status` holds the lock for an instant to see whether it is free. */
const waitSeconds = 2
/** What holds the lock ends at once when it is told to. */
const endWaitSeconds = 5
/** All that one script here waits for others, at the most: no part of the time that it may take itself. */
export const othersMsMax = (2 * waitSeconds + endWaitSeconds + fenceWaitSeconds) * 1_000

/** As many as it may ever have: each heartbeat is as long as the one before. */
const uptimeDigits = 10

export interface Holding {
  readonly owner: LockOwner
  /** It was ours a moment ago: only where no other deploy had it since may it be ours again. */
  readonly isAgain: boolean
}

/** Ends the holding for good. Without it the owner's line stays, so that the same deploy may take it again. */
export const lockEnd = 'end\n'
/** Ends the holding, and puts back the line that stood there before: it is kept as a link, for a disk may be full. */
export const lockUndo = 'undo\n'
const status = { end: 3, undo: 4 } as const

/**
 * Prints `locked` and the line of whoever was cut off before, then holds it until it is told `lockEnd` or `lockUndo`, its
 * stdin ends or is silent too long, or it is ended by SIGTERM. Prints `held`, for how many seconds nothing was heard, and
 * the owner's line where another has it; `lost` where another had it since; `failed` and what flock said; `no flock` or
 * `no folder`.
 */
export function holdLockScript(place: LockPlace, holding: Holding): string {
  const { owner, isAgain } = holding
  const [lock, before, holder] = [quote(place.lock), quote(`${place.lock}.before`), quote(holderPath(place))]
  return `set -u
${makeFolder(place)}command -v flock >/dev/null 2>&1 || { echo 'no flock'; exit 0; }
${flockFunction('echo "failed $said" | head -n 1; exit 0')}${silentFunction(place)}is_held() {
  line=
  [ -f ${lock} ] && IFS= read -r line < ${lock}
  echo "held $(silent) $line"
  exit 0
}
${openScript(7, `${place.lock}.again`)}${openScript(8, `${place.lock}.flock`)}${isAgain ? takeAgainScript(place, owner) : takeAnewScript}exec 7<&-
before=
[ -f ${lock} ] && IFS= read -r before < ${lock}
read -r stat 2>/dev/null < /proc/$$/stat && set -- $stat
started=\${22:-}
put() { printf '%s\\n' "$2" > "$1.new" && mv -f "$1.new" "$1"; }
sign() {
  up=
  read -r up rest 2>/dev/null < /proc/uptime
  "$@" "$$ \${started:--} $(printf '%-${uptimeDigits}s' "\${up%%.*}")"
}
# Over the line before, which is as long: there is room for it on a disk that is full by then.
beat() { printf '%s\\n' "$1" 1<>${holder}; }
own() {
  [ -z "$before" ] || ln -f ${lock} ${before} 2>/dev/null || cp -f ${lock} ${before} || return
  sign put ${holder} && put ${lock} ${quote(JSON.stringify(owner))}
}
${fenceScript(place)}if own 2>/dev/null; then
  ${keepReserveScript(place)}else
  rm -f ${quote(reservePath(place))}
  own || exit
fi
exec 9<&-
echo "locked $before"
exec 6<&0
reader=
trap '[ -z "$reader" ] || kill "$reader" 2>/dev/null; exit 1' TERM
while :; do
  # In the background, so that SIGTERM is heard at once; what may outlive us does not keep the lock.
  timeout ${lapseMs / 1000} sh -c 'IFS= read -r word || exit 1
case $word in end) exit ${status.end} ;; undo) exit ${status.undo} ;; esac' <&6 6<&- 8<&- &
  reader=$!
  wait "$reader"
  case $? in
    0) sign beat 2>/dev/null ;;
    ${status.end}) rm -f ${lock} ${before}; break ;;
    ${status.undo}) if [ -n "$before" ]; then mv -f ${before} ${lock}; else rm -f ${lock}; fi; break ;;
    *) break ;;
  esac
done
`
}

/** Whoever takes it again from its own earlier process does not lose it to one who waited for that to end. */
const takeAnewScript = `take -w ${waitSeconds} 8 || is_held
take -s -n 7 || is_held
`

/** After a cut that the machine did not hear of, our earlier process lives on there: it is ended. */
function takeAgainScript(place: LockPlace, { token }: LockOwner): string {
  const isOurs = isOf(place.lock, token)
  return `[ -f ${quote(place.lock)} ] || { echo lost; exit 0; }
take -w ${waitSeconds} 7 || is_held
if ! take -n 8; then
  if ${isOurs}; then
    ${endHolder(place)}
  fi
  take -w ${endWaitSeconds} 8 || is_held
fi
${isOurs} || { echo lost; exit 0; }
`
}

/**
 * Prints the owner's line and for how many seconds nothing was heard of it where the lock is held, and nothing where it
 * is free. Ends badly where that cannot be seen. Read only.
 */
export function readLockScript(place: LockPlace): string {
  const lock = quote(place.lock)
  return `${openThereScript(place)}take -s -n 8 && exit 0
${silentFunction(place)}owner='{}'
[ -f ${lock} ] && IFS= read -r owner < ${lock}
printf '%s\\n' "$owner"
silent
`
}

/**
 * Ends what holds the lock for that deploy, and removes its line. Nothing happens where another has it by now. An owner
 * without a token is whoever holds it where no line says who.
 */
export function unlockScript(place: LockPlace, { token }: LockOwner): string {
  const lock = quote(place.lock)
  const isTheirs = token === '' ? `! grep -q '"token":"[^"]' ${lock} 2>/dev/null` : isOf(place.lock, token)
  const away = quote(`${place.lock}.away`)
  return `${openThereScript(place)}is_theirs() { ${isTheirs}; }
if ! take -n 8; then
  is_theirs || exit 0
  # First: a deployer whose holder ends takes the lock again at once, where it is still its own.
  mv -f ${lock} ${away} 2>/dev/null
  ${endHolder(place)}
  if ! take -w ${endWaitSeconds} 8; then
    [ ! -s ${lock} ] || exit 0
    mv -f ${away} ${lock} 2>/dev/null
    echo "process \${pid:-} still holds it" >&2
    exit 1
  fi
fi
${fenceScript(place)}! is_theirs || rm -f ${lock} ${quote(`${place.lock}.before`)}
rm -f ${away}
`
}

/** A number that another process has by now is left alone. */
function endHolder(place: LockPlace): string {
  return `pid= started= && read -r pid started heard 2>/dev/null < ${quote(holderPath(place))}
  read -r stat 2>/dev/null < "/proc/\${pid:-none}/stat" && set -- $stat
  [ -n "$started" ] && [ "\${22:-}" = "$started" ] && kill -s TERM "$pid"`
}

function makeFolder({ folders, isMade }: LockPlace): string {
  const folder = quote(folders.at(-1) ?? '.')
  return isMade ? `mkdir -p -m 0700 ${folder} || exit\n` : `[ -d ${folder} ] || { echo 'no folder'; exit 0; }\n`
}

/** Nothing more happens where there never was a lock. */
function openThereScript({ folders, lock }: LockPlace): string {
  const file = quote(`${lock}.flock`)
  return `${enterFoldersScript(folders)}[ -e ${file} ] || exit 0
${flockFunction('echo "flock: $said" >&2; exit 1')}exec 8<${file} || exit
`
}
