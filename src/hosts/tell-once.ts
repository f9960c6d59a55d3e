import type { OnLine } from './depot.ts'

interface Told {
  count: number
  last: string
}

/**
 * For an output that is told again from its beginning, each time by the listener that the function gives then: each
 * line is passed on once. A line that the end of the connection tore is passed on again, whole.
 */
export function tellOnce(onLine: OnLine): () => OnLine {
  const told: Readonly<Record<'stdout' | 'stderr', Told>> = {
    stdout: { count: 0, last: '' },
    stderr: { count: 0, last: '' },
  }
  let present = 0
  return () => {
    const heard = { stdout: 0, stderr: 0 }
    const own = ++present
    return (line, stream) => {
      if (own !== present) return
      heard[stream] += 1
      const before = told[stream]
      if (heard[stream] < before.count || (heard[stream] === before.count && line === before.last)) return
      before.count = heard[stream]
      before.last = line
      onLine(line, stream)
    }
  }
}
