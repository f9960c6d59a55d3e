/** For a script, or to read: the answer on standard output, one line each; all else on standard error. */
import type { HostRelease, Output, Report, Reported } from '../rollout/report.ts'
import { createBlocks } from './blocks.ts'
import { columnsOf, oneLine, type Paint, safeLines } from './paint.ts'
import type { Sink } from './sink.ts'

export interface AnswerOptions {
  readonly out: Sink
  readonly err: Sink
  readonly paint: Paint
  /** A terminal is shown no escape sequences of a host; a file or a pipe gets what was written. */
  readonly isTerminal: boolean
}

export function createAnswer({ out, err, paint, isTerminal }: AnswerOptions): Output {
  const blocks = createBlocks(() => ({ paint, columns: Number.POSITIVE_INFINITY }))
  let hosts: readonly string[] = []
  const printed = ({ host, line }: Extract<Report, { type: 'printed' }>): string => {
    const said = isTerminal ? safeLines(line).join(' ') : line
    return hosts.length === 1 ? said : `${paint('faint', `${padded(host, hosts)}  |`)} ${said}`
  }
  const errLines = (report: Reported): readonly string[] => {
    if (report.type === 'printed' && report.stream === 'stderr') return [printed(report)]
    return report.type === 'note' && report.level === 'warning' ? noteLines(report, paint) : []
  }
  const outLines = (report: Reported): readonly string[] => {
    if (report.type === 'printed' && report.stream === 'stdout') return [printed(report)]
    if (report.type === 'releases') return releaseLines(report)
    return report.type === 'history' ? historyLines(report) : []
  }
  return {
    show: (report) => {
      if (report.type === 'started') hosts = report.hosts
      write(err, [...blocks.take(report), ...errLines(report)])
      write(out, outLines(report))
    },
    close: async () => {
      write(err, blocks.rest())
      await Promise.all([out.flush(), err.flush()])
    },
  }
}

function write(sink: Sink, lines: readonly string[]): void {
  if (lines.length > 0) sink.write(`${lines.join('\n')}\n`)
}

function padded(host: string, hosts: readonly string[]): string {
  const width = Math.max(...hosts.map(columnsOf))
  return `${host}${' '.repeat(Math.max(0, width - columnsOf(host)))}`
}

/** The commit alone, where all hosts say the same; else a line a host. */
function releaseLines({ agree, hosts }: Extract<Report, { type: 'releases' }>): readonly string[] {
  const commit = ({ sha }: HostRelease): string => sha ?? '-'
  const [first] = hosts
  return agree && first !== undefined ? [commit(first)] : hosts.map((each) => `${each.host}\t${commit(each)}`)
}

/** Number and commit first, as `pm2 deploy … list` has them. */
function historyLines({ deployed }: Extract<Report, { type: 'history' }>): readonly string[] {
  return deployed.map(({ back, sha, at, by, release, only }) => {
    const where = only === null ? [] : [only.length === 0 ? 'removed' : `only ${only.join(',')}`]
    return [String(back), sha, at, oneLine(by), release, ...where].join('\t')
  })
}

function noteLines({ host, text }: Extract<Report, { type: 'note' }>, paint: Paint): readonly string[] {
  const [first = '', ...rest] = safeLines(text)
  const whose = host === undefined ? '' : `${oneLine(host)}  `
  return [`${whose}${paint('warning', `warning: ${first}`)}`, ...rest]
}
