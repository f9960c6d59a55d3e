/**
 * The lock of an environment on one machine: `flock` on a file, held by a script that lives as long as its connection.
 * The kernel lets go of it when the deployer dies, so no lock is ever left behind to be judged stale.
 */
import type { Layout } from './layout.ts'
import { command } from './shell.ts'

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

export const heartbeatMs = 10_000
/** A deployer that was cut off without a word is given up after so long without a heartbeat. */
export const lapseMs = 60_000

/** Ends badly where our folder may not be entered: to another user than the one who deploys, nothing in it would be there. */
export function enterScript({ base, zdr }: Layout): string {
  return enterFoldersScript([base, zdr])
}

export function enterFoldersScript(folders: readonly string[]): string {
  return `for folder in ${command(...folders)}; do
  [ ! -e "$folder" ] || [ -x "$folder" ] || { echo "$(id -un) may not enter $folder" >&2; exit 1; }
done
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
