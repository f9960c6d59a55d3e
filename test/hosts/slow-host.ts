import type { Host } from '../../src/hosts/host.ts'
import { defaultLimits, type Limits } from '../../src/hosts/limits.ts'

/** A host on which nothing ends in time, and which limits it was asked for. */
export function slowHost() {
  const asked: number[] = []
  const host: Host = {
    name: 'web-1',
    address: 'web-1',
    run: async (_, { timeoutMs }) => {
      asked.push(timeoutMs)
      return { code: null, signal: null, timedOut: true, stdout: '', stderr: '' }
    },
    hold: () => Promise.reject(new Error('nothing is held here')),
    close: async () => undefined,
  }
  return { host, asked }
}

/** As many seconds as no other has. */
export function distinctLimits(): Limits {
  const entries = Object.entries(defaultLimits).map(([key, limit], index) => [
    key,
    { ...limit, timeoutMs: (index + 1) * 1_000 },
  ])
  return Object.fromEntries(entries)
}
