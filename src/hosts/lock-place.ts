/**
 * Where the lock of an environment lies on a machine, and the pieces of shell text that all who meet there are made of.
 */
import type { Layout } from './layout.ts'
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

/** A change behind the fence takes an instant. */
export const fenceWaitSeconds = 10

/** The lock of a host, which is that of every step there. */
export function hostLock({ base, zdr, lock }: Pick<Layout, 'base' | 'zdr' | 'lock'>): LockPlace {
  return { folders: [base, zdr], isMade: true, lock, fence: null, heldBy: 'is being deployed to by' }
}

/** True, as a shell condition, where the lock is of that token. It begins no process, for some ask again and again. */
export function isOf(lock: string, token: string): string {
  const mark = quote(`"token":"${token}"`)
  return `{ whose=; read -r whose 2>/dev/null < ${quote(lock)}; case $whose in *${mark}*) ;; *) false ;; esac; }`
}

/** Which process holds it, and when it was heard of last. */
export function holderPath({ lock }: LockPlace): string {
  return `${lock}.holder`
}

/** Kept while there is room, and freed by whoever finds the disk full: going back has to be written down as well. */
export const reserveKiB = 256
/** It is not made where that would leave the app without room. */
const reserveFreeKiBMin = 4 * 1024

/** Where it lies. */
export function reservePath({ lock }: Pick<LockPlace, 'lock'>): string {
  return `${lock}.reserve`
}

/** Where it was freed, it is made anew by the next one who finds room. */
export function keepReserveScript(place: LockPlace): string {
  const reserve = quote(reservePath(place))
  return `[ -s ${reserve} ] || df -Pk ${quote(place.folders.at(-1) ?? '.')} 2>/dev/null | {
  read -r head
  read -r disk size used free rest
  [ "\${free:-0}" -lt ${reserveFreeKiBMin} ] 2>/dev/null || dd if=/dev/zero of=${reserve} bs=1024 count=${reserveKiB} 2>/dev/null || rm -f ${reserve}
}
`
}

/** For reading: a file that root made is no hindrance. */
export function openScript(descriptor: 7 | 8 | 9, path: string): string {
  return `[ -e ${quote(path)} ] || : >> ${quote(path)} || exit
exec ${descriptor}<${quote(path)} || exit
`
}

/** As descriptor 9. */
export function fenceScript({ fence }: LockPlace): string {
  if (fence === null) return ''
  return `${openScript(9, fence)}take -w ${fenceWaitSeconds} 9 || { echo "somebody holds ${fence}" >&2; exit 1; }
`
}

/** For where it fails in another way. */
export const flockHint =
  'It has to be the one of util-linux, and that folder on a disk of the machine itself, not on NFS.'

/** Defines `take`: fails where another has it. Anything else that flock says (on NFS, or another flock) is no holder. */
export function flockFunction(otherwise: string): string {
  return `take() {
  said=$(flock "$@" 2>&1)
  said=$?:$said
  case $said in 0:*) return 0 ;; 1:) return 1 ;; esac
  ${otherwise}
}
`
}

/** Defines `silent`: the seconds since the last heartbeat, or `-`. */
export function silentFunction(place: LockPlace): string {
  return `silent() {
  up= heard=
  read -r up rest 2>/dev/null < /proc/uptime
  read -r pid started heard 2>/dev/null < ${quote(holderPath(place))}
  up=\${up%%.*}
  if [ -n "$up" ] && [ -n "$heard" ] && [ "$up" -ge "$heard" ]; then echo $((up - heard)); else echo -; fi
}
`
}
