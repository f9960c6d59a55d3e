/** For logs: one line an event, with time and host. Nothing moves, nothing is overwritten. */
import type { Output, Reported } from '../rollout/report.ts'
import { createBlocks } from './blocks.ts'
import { oneLine, type Paint, safeLines } from './paint.ts'
import { answeredText, pausedLines } from './pause.ts'
import type { Sink } from './sink.ts'
import { count, duration, fromTo, phaseWords, type StepReport, shortSha, stepText } from './words.ts'

export interface PlainOptions {
  readonly paint: Paint
  /** Shows what the commands on the hosts write. */
  readonly verbose: boolean
  /** Puts the time before each event. */
  readonly stamps: boolean
  /** Whether an answer can be typed where this is read. */
  readonly asks: boolean
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
  let environment = '<environment>'
  return {
    lines: (report: Reported): readonly string[] => {
      if (report.type === 'started') environment = report.environment
      const block = blocks.take(report)
      return isNews(report) ? [...block, ...eventLines(report, { ...options, environment })] : block
    },
    rest: blocks.rest,
  }
}

function eventLines(
  report: Reported,
  { paint, verbose, stamps, asks, environment }: PlainOptions & { readonly environment: string },
): readonly string[] {
  const time = stamps ? [paint('faint', report.at.slice(timeOfDay.from, timeOfDay.to))] : []
  const line: Line = (text, hosts = []) =>
    [...time, ...(hosts.length === 0 ? [] : [oneLine(hosts.join(', '))]), text].join('  ')
  switch (report.type) {
    case 'started':
      return [line(startedText(report))]
    case 'phase':
      return [line(phaseWords[report.phase])]
    case 'note':
      return noteLines(report, paint, line)
    case 'resolved':
      return resolvedTexts(report).map((text) => line(text))
    case 'output':
      return verbose ? [line(paint('faint', `| ${oneLine(report.line)}`), [report.host])] : []
    case 'step':
      return [line(stepLine(report, paint), report.hosts)]
    case 'waiting':
      return [line(`${stepText({ ...report, state: 'started', back: false })}: ${oneLine(report.text)}`, [report.host])]
    case 'serving':
      return [line(`${report.serving} of ${count(report.total, 'host')} serving`)]
    case 'paused':
      return pausedLines(report, { environment, asks, paint }).map((text) => line(text))
    case 'answered':
      return [line(answeredText(report))]
    case 'finding':
    case 'examined':
    case 'plan':
    case 'status':
    case 'releases':
    case 'history':
    case 'printed':
    case 'ran':
    case 'finished':
    case 'error':
      return []
  }
}

/** With the time before it, and the hosts that it is about. */
type Line = (text: string, hosts?: readonly string[]) => string

function noteLines({ text, level, host }: Extract<Reported, { type: 'note' }>, paint: Paint, line: Line) {
  const [first = '', ...rest] = safeLines(text)
  const said = level === 'warning' ? paint('warning', `warning: ${first}`) : first
  // Further lines may be something to copy: they stand as they are.
  return [line(said, host === undefined ? [] : [host]), ...rest]
}

function resolvedTexts({ ref, sha, from, release, commits }: Extract<Reported, { type: 'resolved' }>) {
  return [
    `${oneLine(ref)} is ${shortSha(sha)}, release ${release}`,
    ...(from === null ? [] : [`commits: ${fromTo(from, sha)}`]),
    ...commits.map((commit) => `  ${oneLine(commit)}`),
  ]
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
