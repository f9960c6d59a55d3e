import { execFileSync } from 'node:child_process'

const timeoutMs = 2_000

/**
 * Whether the terminal's input goes to this process. In the background (`zdr-deploy production &`) whoever reads it is
 * stopped by SIGTTIN, lock and all; and a handler of ours would make the kernel try that read again for ever. So
 * nobody may begin to read there. Who cannot tell (Windows has no job control) is taken to be in the foreground.
 */
export function isInForeground(): boolean {
  try {
    const words = ['-o', 'stat=', '-p', String(process.pid)]
    const status = execFileSync('ps', words, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: timeoutMs,
    })
    return status.includes('+')
  } catch {
    return true
  }
}
