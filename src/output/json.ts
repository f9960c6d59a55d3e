/** For programs: one event a line, as it is. */
import type { Output } from '../rollout/report.ts'
import type { Sink } from './sink.ts'

/** What commands on the hosts write is left out unless `verbose`, as everywhere. */
export function createJson({ out, verbose }: { readonly out: Sink; readonly verbose: boolean }): Output {
  return {
    show: (report) => {
      if (report.type !== 'output' || verbose) out.write(`${JSON.stringify(report)}\n`)
    },
    close: () => out.flush(),
  }
}
