import { readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const PREFIX = 'zdr-lab-'

/** How a lab's folder begins: it says whose it is. */
export function folderPrefix(name: string): string {
  return join(tmpdir(), `${PREFIX}${process.pid}-${name}-`)
}

/**
 * Removes the folders of labs whose process is gone. Nothing else is left by a killed run: its processes, networks and
 * mounts ended with it (ground.ts). A living run's lab is not touched.
 */
export async function sweep(): Promise<void> {
  const entries = await readdir(tmpdir())
  const left = entries.filter((entry) => entry.startsWith(PREFIX) && !isRunning(ownerOf(entry)))
  await Promise.all(left.map((entry) => rm(join(tmpdir(), entry), { recursive: true, force: true })))
}

function ownerOf(entry: string): number {
  return Number.parseInt(entry.slice(PREFIX.length), 10)
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid)) return true
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Not ours to signal is there all the same.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
