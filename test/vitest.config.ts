import { readFileSync, statfsSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

const ROOM_BYTES_MIN = 2 ** 30

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    exclude: ['test/lab/**'],
    // No test changes what another one imports: to load everything again for each file takes a third of the time.
    isolate: false,
    // Many of them wait for a shell most of the time.
    maxWorkers: 4,
    env: temporaryFolder(),
    // Real daemons on a busy machine: a limit against hanging, not a measure of speed.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})

/** In memory: git and our scripts sync what they write, and no test needs to wait for a disk. */
function temporaryFolder(): { readonly TMPDIR?: string } {
  const folder = '/dev/shm'
  return process.env.TMPDIR === undefined && isUsable(folder) ? { TMPDIR: folder } : {}
}

/** In a container it may be small, and no place to run programs from. */
function isUsable(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder)
    const isNoExec = new RegExp(`^\\S+ ${folder} \\S+ \\S*\\bnoexec\\b`, 'm').test(readFileSync('/proc/mounts', 'utf8'))
    return bavail * bsize >= ROOM_BYTES_MIN && !isNoExec
  } catch {
    return false
  }
}
