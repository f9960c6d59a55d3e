/**
 * The lock of an environment on one host: `flock` on a file, held by a script that lives as long as its connection.
 * The kernel lets go of it when the deployer dies, so no lock is ever left behind to be judged stale.
 */
import type { Layout } from './layout.ts'
import { quote } from './shell.ts'

/** Who deploys, shown to whoever comes second. */
export interface LockOwner {
  readonly token: string
  /** `ada@laptop` */
  readonly by: string
  readonly pid: number
  /** ISO 8601, UTC, by the deployer's clock. */
  readonly since: string
  /** `deploy production origin/main` */
  readonly command: string
}

/** A deployer that was cut off without a word is given up after so long without a heartbeat. */
const heartbeatMissedSeconds = 60
export const heartbeatMs = 10_000
/** `status` holds the lock for an instant to see whether it is free. */
const waitSeconds = 2

export const lockLost = 76
const endStatus = 3

export interface Holding {
  readonly owner: LockOwner
  /** It was ours a moment ago: only where no other deploy had it since may it be ours again. */
  readonly isAgain: boolean
}

/** Ends the holding for good. Without it the owner's line stays, so that the same deploy may take it again. */
export const lockEnd = 'end\n'

/**
 * Prints `locked`, then holds it until it is told `lockEnd`, or its stdin ends or is silent too long. Prints `held`
 * and the owner's line where another has it, and `lost` where another had it since.
 */
export function holdLockScript({ zdr, lock }: Layout, { owner, isAgain }: Holding): string {
  return `set -u
mkdir -p -m 0700 ${quote(zdr)} || exit
command -v flock >/dev/null 2>&1 || { echo 'no flock'; exit 0; }
exec 8>>${quote(`${lock}.flock`)} || exit
if ! flock -w ${waitSeconds} 8; then
  echo held
  cat ${quote(lock)} 2>/dev/null
  exit 0
fi
${isAgain ? `grep -qF ${quote(`"token":"${owner.token}"`)} ${quote(lock)} 2>/dev/null || { echo lost; exit 0; }` : ''}
printf '%s\\n' ${quote(JSON.stringify(owner))} > ${quote(`${lock}.new`)} && mv -f ${quote(`${lock}.new`)} ${quote(lock)} || exit
echo locked
while :; do
  timeout ${heartbeatMissedSeconds} sh -c 'IFS= read -r beat || exit 1; [ "$beat" != end ] || exit ${endStatus}'
  case $? in 0) ;; ${endStatus}) rm -f ${quote(lock)}; break ;; *) break ;; esac
done
`
}

/**
 * Prints the owner's line where the lock is held, and nothing where it is free. Ends badly where that cannot be seen.
 * Read only.
 */
export function readLockScript(layout: Layout): string {
  const { lock } = layout
  return `${enterScript(layout)}[ -e ${quote(`${lock}.flock`)} ] || exit 0
exec 8<${quote(`${lock}.flock`)} || exit
flock -s -n 8 || cat ${quote(lock)} 2>/dev/null || echo '{}'
`
}

/** Ends badly where our folder may not be entered: to another user than the one who deploys, nothing in it would be there. */
export function enterScript({ base, zdr }: Layout): string {
  return `for folder in ${quote(base)} ${quote(zdr)}; do
  [ ! -e "$folder" ] || [ -x "$folder" ] || { echo "$(id -un) may not enter $folder" >&2; exit 1; }
done
`
}

/** Ends badly where the lock is not ours any more: a deploy that lost it to another changes nothing more (promise 5). */
export function guardScript({ lock }: Layout, token: string): string {
  return `if ! grep -qF ${quote(`"token":"${token}"`)} ${quote(lock)} 2>/dev/null; then
  echo 'another deploy has taken over the lock, or the lock was removed' >&2
  exit ${lockLost}
fi
`
}

/** A step that was cut off from its deployer goes on; whoever comes next waits so long for its end. */
const stepWaitSeconds = 25

/**
 * A script that changes something: one at a time on a host, and only while the lock is ours. What it starts and leaves
 * running (pm2's daemon) does not hold the place.
 */
export function fencedScript(layout: Layout, token: string, script: string): string {
  return `exec 7>>${quote(`${layout.lock}.step`)} || exit
if ! flock -w ${stepWaitSeconds} 7; then
  echo 'an earlier step, whose connection was lost, is still running here' >&2
  exit ${lockLost}
fi
${guardScript(layout, token)}(
${script}
) 7>&-
`
}

/** A line as `holdLockScript` writes it; null where it is none. */
export function parseLockOwner(line: string): LockOwner | null {
  try {
    const { token, by, pid, since, command } = JSON.parse(line) as Partial<LockOwner>
    if (token === undefined || by === undefined || pid === undefined || since === undefined || command === undefined)
      return null
    return { token, by, pid, since, command }
  } catch {
    return null
  }
}

export function ownerText({ by, pid, since, command }: LockOwner): string {
  return `${by} (pid ${pid}) since ${since}: ${command}`
}
