/** For logs: one line an event, with time and host. Nothing moves, nothing is overwritten. */
import type { Output, Reported } from '../rollout/report.ts'
import { createBlocks } from './blocks.ts'
import { oneLine, type Paint, safeLines } from './paint.ts'
import type { Sink } from './sink.ts'
import { count, duration, fromTo, phaseWords, type StepReport, shortSha, stepText } from './words.ts'

export interface PlainOptions {
  readonly paint: Paint
  /** Shows what the commands on the hosts write. */
  readonly verbose: boolean
  /** Puts the time before each event. */
  readonly stamps: boolean
}

/** A wait that only counts down is told this often, by the events' own time. */
const waitingEveryMs = 5000

/** Where it stands in an ISO 8601 time. UTC, like the names of releases: whoever reads a log may sit elsewhere. */
const timeOfDay = { from: 11, to: 19 }

/** Errors go to `err`, all else to `out`. */
export function createPlain({
  out,
  err,
  ...options
}: PlainOptions & { readonly out: Sink; readonly err: Sink }): Output {
  const text = createPlainText(options)
  return {
    show: (report) => write(report.type === 'error' ? err : out, text.lines(report)),
    close: async () => {
      write(out, text.rest())
      await Promise.all([out.flush(), err.flush()])
    },
  }
}

function write(sink: Sink, lines: readonly string[]): void {
  if (lines.length > 0) sink.write(`${lines.join('\n')}\n`)
}

/** The text alone. It remembers what it said last, so that what is so still is not said again. */
export function createPlainText(options: PlainOptions) {
  const blocks = createBlocks(() => ({ paint: options.paint, columns: Number.POSITIVE_INFINITY }))
  const isNews = createNewsFilter()
  return {
    lines: (report: Reported): readonly string[] => {
      const block = blocks.take(report)
      return isNews(report) ? [...block, ...eventLines(report, options)] : block
    },
    rest: blocks.rest,
  }
}

function eventLines(report: Reported, { paint, verbose, stamps }: PlainOptions): readonly string[] {
  const time = stamps ? [paint('faint', report.at.slice(timeOfDay.from, timeOfDay.to))] : []
  const line = (text: string, hosts: readonly string[] = []) =>
    [...time, ...(hosts.length === 0 ? [] : [oneLine(hosts.join(', '))]), text].join('  ')
  switch (report.type) {
    case 'started':
      return [line(startedText(report))]
    case 'phase':
      return [line(phaseWords[report.phase])]
    case 'note': {
      const [first = '', ...rest] = safeLines(report.text)
      const text = report.level === 'warning' ? paint('warning', `warning: ${first}`) : first
      // Further lines may be something to copy: they stand as they are.
      return [line(text, report.host === undefined ? [] : [report.host]), ...rest]
    }
    case 'resolved':
      return [
        line(`${oneLine(report.ref)} is ${shortSha(report.sha)}, release ${report.release}`),
        ...(report.from === null ? [] : [line(`commits: ${fromTo(report.from, report.sha)}`)]),
        ...report.commits.map((commit) => line(`  ${oneLine(commit)}`)),
      ]
    case 'output':
      return verbose ? [line(paint('faint', `| ${oneLine(report.line)}`), [report.host])] : []
    case 'step':
      return [line(stepLine(report, paint), report.hosts)]
    case 'waiting':
      return [line(`${stepText({ ...report, state: 'started', back: false })}: ${oneLine(report.text)}`, [report.host])]
    case 'serving':
      return [line(`${report.serving} of ${count(report.total, 'host')} serving`)]
    case 'finding':
    case 'plan':
    case 'status':
    case 'finished':
    case 'error':
      return []
  }
}

function startedText({ command, environment, hosts }: Extract<Reported, { type: 'started' }>): string {
  const names = hosts.length === 0 ? '' : `: ${count(hosts.length, 'host')}, ${hosts.join(', ')}`
  return oneLine(`${command} ${environment}${names} (times are UTC)`)
}

function stepLine(step: StepReport, paint: Paint): string {
  const { state, reason, tookMs } = step
  const took = tookMs === undefined ? '' : ` (${duration(tookMs)})`
  switch (state) {
    case 'started':
      return stepText(step)
    case 'done':
      return `${paint('good', stepText(step))}${took}`
    case 'failed':
      return `${paint('bad', `${stepText(step)}${reason === undefined ? '' : `: ${oneLine(reason)}`}`)}${took}`
  }
}

/** False for a count that did not change, and for a wait that was told moments ago. */
function createNewsFilter(): (report: Reported) => boolean {
  let serving = ''
  const waits = new Map<string, number>()
  return (report) => {
    if (report.type === 'step') for (const host of report.hosts) waits.delete(host)
    if (report.type === 'waiting') {
      const last = waits.get(report.host)
      const now = Date.parse(report.at)
      if (last !== undefined && now - last < waitingEveryMs) return false
      waits.set(report.host, now)
    }
    if (report.type !== 'serving') return true
    const before = serving
    serving = `${report.serving}/${report.total}`
    return serving !== before
  }
}
