/** The answer of `zdr-deploy production status`. */
import type { HostStatus, Report } from '../rollout/report.ts'
import { oneLine, type Paint } from './paint.ts'
import { alignedLines, type Cell, tableWidth } from './table.ts'
import { count, shortSha } from './words.ts'

type StatusReport = Extract<Report, { type: 'status' }>

const headings = ['HOST', 'COMMIT', 'ROTATION', 'HEALTH', 'SINCE', 'RELEASE']

export interface TextOptions {
  readonly paint: Paint
  /** Terminal columns; Infinity where nothing wraps. */
  readonly columns: number
}

/** A table, or a few lines a host where the terminal is too narrow for one; then what somebody should look at. */
export function statusLines(
  { environment, hosts, lock, cutOff }: StatusReport,
  options: TextOptions,
): readonly string[] {
  const { paint } = options
  const commits = new Set(hosts.map(({ sha }) => sha).filter((sha) => sha !== null))
  return [
    `${paint('strong', environment)}  ${count(hosts.length, 'host')}, ${count(commits.size, 'commit')}`,
    ...hostLines(hosts, options),
    ...hosts.flatMap(({ host, attention }) =>
      attention.map((text) => `${paint('warning', '!')} ${host}: ${oneLine(text)}`),
    ),
    ...[cutOff, lock].flatMap((text) => (text === null ? [] : [`${paint('warning', '!')} ${oneLine(text)}`])),
  ]
}

function hostLines(hosts: readonly HostStatus[], { paint, columns }: TextOptions): readonly string[] {
  const rows = hosts.map((host) => cells(host, paint))
  const table = [headings.map((text) => ({ text, draw: (padded: string) => paint('faint', padded) })), ...rows]
  if (tableWidth(table) <= columns) return alignedLines(table)
  return rows.flatMap(([host, ...rest]) => [
    host?.text ?? '',
    ...alignedLines(rest.map((cell, index) => [{ text: `  ${headings[index + 1]?.toLowerCase() ?? ''}` }, cell])),
  ])
}

function cells(status: HostStatus, paint: Paint): readonly Cell[] {
  const { host, reachable, release, sha, rotation, since } = status
  return [
    { text: oneLine(host) },
    { text: sha === null ? '–' : shortSha(sha) },
    {
      text: rotation,
      draw: (text) => paint(rotation === 'in' || rotation === 'no balancer' ? 'good' : 'warning', text),
    },
    { text: reachable ? health(status) : 'not reachable', draw: (text) => paint(healthStyle(status), text) },
    { text: since === null ? '–' : moment(since) },
    { text: release ?? '–' },
  ]
}

function health({ healthy, health: detail }: HostStatus): string {
  if (healthy === null) return oneLine(detail) || 'not asked'
  return [healthy ? 'healthy' : 'unhealthy', oneLine(detail)].filter((text) => text !== '').join(', ')
}

function healthStyle({ reachable, healthy }: HostStatus): 'good' | 'bad' | 'faint' {
  if (!reachable) return 'bad'
  if (healthy === null) return 'faint'
  return healthy ? 'good' : 'bad'
}

/** `2026-11-21T03:15:00.000Z` → `2026-11-21 03:15 UTC`. */
function moment(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`
}
