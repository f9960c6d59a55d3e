/**
 * The shell text that takes, shows and takes away the lock of an environment on one machine. Builders only: they return
 * text for a POSIX `sh`. The lock is `flock` on a file beside the owner's line, whose second line says what process
 * holds it, and whose time is that of the last heartbeat.
 */
import type { Layout } from './layout.ts'
import { enterFoldersScript, type LockOwner } from './lock.ts'
import { quote } from './shell.ts'

/** Where a lock lies on a machine. */
export interface LockPlace {
  /** Whoever reads it must be able to enter these; it lies in the last one. */
  readonly folders: readonly string[]
  /** That folder is made where it is not there. */
  readonly isMade: boolean
  /** The owner's line. */
  readonly lock: string
  /**
   * Its flock is held by a change while it looks whose the lock is and acts, and by whoever becomes its owner: what has
   * looked is through by then. null: changes are kept apart in another way.
   */
  readonly fence: string | null
  /** `is being deployed to by` */
  readonly heldBy: string
}

/** A deployer that was cut off without a word is given up after so long without a heartbeat. */
const heartbeatMissedSeconds = 60
/** `status` holds the lock for an instant to see whether it is free. */
const waitSeconds = 2
/** A change behind the fence takes an instant. */
const fenceWaitSeconds = 10
/** What holds the lock ends at once when it is told to. */
const endWaitSeconds = 5

export interface Holding {
  readonly owner: LockOwner
  /** It was ours a moment ago: only where no other deploy had it since may it be ours again. */
  readonly isAgain: boolean
}

/** Ends the holding for good. Without it the owner's line stays, so that the same deploy may take it again. */
export const lockEnd = 'end\n'
/** Ends the holding, and puts back the line that stood there before. */
export const lockUndo = 'undo\n'
const status = { end: 3, undo: 4 } as const

/** The lock of a host, which is that of every step there. */
export function hostLock({ base, zdr, lock }: Pick<Layout, 'base' | 'zdr' | 'lock'>): LockPlace {
  return { folders: [base, zdr], isMade: true, lock, fence: null, heldBy: 'is being deployed to by' }
}

/** True, as a shell condition, where the lock is of that token. */
export function isOf(lock: string, token: string): string {
  return `grep -qF ${quote(`"token":"${token}"`)} ${quote(lock)} 2>/dev/null`
}

/**
 * Prints `locked` and the line of whoever was cut off before, then holds it until it is told `lockEnd` or `lockUndo`, its
 * stdin ends or is silent too long, or it is ended by SIGTERM. Prints `held`, for how many seconds nothing was heard, and
 * the owner's line where another has it; `lost` where another had it since; `no flock` or `no folder`.
 */
export function holdLockScript(place: LockPlace, { owner, isAgain }: Holding): string {
  const lock = quote(place.lock)
  return `set -u
${makeFolder(place)}command -v flock >/dev/null 2>&1 || { echo 'no flock'; exit 0; }
${openScript(8, `${place.lock}.flock`)}${silentFunction(place)}before= after=
${isAgain ? `[ -f ${lock} ] || { echo lost; exit 0; }\n` : ''}if ! flock -w ${waitSeconds} 8; then
  [ -f ${lock} ] && IFS= read -r before < ${lock}
  echo "held $(silent) $before"
  exit 0
fi
[ -f ${lock} ] && { IFS= read -r before; IFS= read -r after; } < ${lock}
${isAgain ? `${isOf(place.lock, owner.token)} || { echo lost; exit 0; }\n` : ''}put() { printf '%s\\n%s\\n' "$1" "$2" > ${quote(`${place.lock}.new`)} && mv -f ${quote(`${place.lock}.new`)} ${lock}; }
read -r stat 2>/dev/null < /proc/$$/stat && set -- $stat
${fenceScript(place)}put ${quote(JSON.stringify(owner))} "holder $$ \${22:-}" || exit
exec 9<&-
echo "locked $before"
exec 6<&0
reader=
trap '[ -z "$reader" ] || kill "$reader" 2>/dev/null; exit 1' TERM
while :; do
  # In the background, so that SIGTERM is heard at once; what may outlive us does not keep the lock.
  timeout ${heartbeatMissedSeconds} sh -c 'IFS= read -r word || exit 1
case $word in end) exit ${status.end} ;; undo) exit ${status.undo} ;; esac' <&6 6<&- 8<&- &
  reader=$!
  wait "$reader"
  case $? in
    0) touch -c ${lock} ;;
    ${status.end}) rm -f ${lock}; break ;;
    ${status.undo}) if [ -n "$before" ]; then put "$before" "$after"; else rm -f ${lock}; fi; break ;;
    *) break ;;
  esac
done
`
}

/**
 * Prints the owner's line and for how many seconds nothing was heard of it where the lock is held, and nothing where it
 * is free. Ends badly where that cannot be seen. Read only.
 */
export function readLockScript(place: LockPlace): string {
  const { folders, lock } = place
  return `${enterFoldersScript(folders)}[ -e ${quote(`${lock}.flock`)} ] || exit 0
exec 8<${quote(`${lock}.flock`)} || exit
flock -s -n 8 && exit 0
${silentFunction(place)}owner='{}'
[ -f ${quote(lock)} ] && IFS= read -r owner < ${quote(lock)}
printf '%s\\n' "$owner"
silent
`
}

/** Ends what holds the lock for that deploy, and removes its line. Nothing happens where another has it by now. */
export function unlockScript(place: LockPlace, { token }: LockOwner): string {
  const lock = quote(place.lock)
  return `${enterFoldersScript(place.folders)}[ -e ${quote(`${place.lock}.flock`)} ] || exit 0
exec 8<${quote(`${place.lock}.flock`)} || exit
is_theirs() { ${isOf(place.lock, token)}; }
if ! flock -n 8; then
  is_theirs || exit 0
  { read -r owner; read -r word pid started; } < ${lock}
  read -r stat 2>/dev/null < "/proc/\${pid:-none}/stat" && set -- $stat
  # A number that another process has by now is left alone.
  [ -n "\${started:-}" ] && [ "\${22:-}" = "$started" ] && kill -s TERM "$pid"
  if ! flock -w ${endWaitSeconds} 8; then
    is_theirs || exit 0
    echo "process \${pid:-} still holds it" >&2
    exit 1
  fi
fi
${fenceScript(place)}! is_theirs || rm -f ${lock}
`
}

function makeFolder({ folders, isMade }: LockPlace): string {
  const folder = quote(folders.at(-1) ?? '.')
  return isMade ? `mkdir -p -m 0700 ${folder} || exit\n` : `[ -d ${folder} ] || { echo 'no folder'; exit 0; }\n`
}

/** For reading: a file that root made is no hindrance. */
export function openScript(descriptor: 8 | 9, path: string): string {
  return `[ -e ${quote(path)} ] || : >> ${quote(path)} || exit
exec ${descriptor}<${quote(path)} || exit
`
}

function fenceScript({ fence }: LockPlace): string {
  if (fence === null) return ''
  return `${openScript(9, fence)}flock -w ${fenceWaitSeconds} 9 || { echo "somebody holds ${fence}" >&2; exit 1; }
`
}

/** Defines `silent`: the seconds since the last heartbeat, or `-`. */
function silentFunction({ lock }: LockPlace): string {
  return `silent() {
  if heard=$(stat -c %Y ${quote(lock)} 2>/dev/null); then echo $(($(date +%s) - heard)); else echo -; fi
}
`
}
