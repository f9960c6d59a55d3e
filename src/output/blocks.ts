/** What is drawn in one piece, on a terminal and elsewhere alike: findings, plan, status, the end, an error. */
import type { Report } from '../rollout/report.ts'
import { examinedLines, type FindingReport, findingLines, hintLines } from './findings.ts'
import { oneLine, safeLines } from './paint.ts'
import { planLines } from './plan.ts'
import { statusLines, type TextOptions } from './status.ts'
import { type HostLog, logLines, summaryLines } from './summary.ts'

type ErrorReport = Extract<Report, { type: 'error' }>

export interface Blocks {
  /** Lines that are due with this report. Findings wait until the last of them is known, logs until the end. */
  readonly take: (report: Report) => readonly string[]
  /** What still waits: for an end that came without `finished` or `error`. Empties it. */
  readonly rest: () => readonly string[]
}

/** `options` is asked anew for each block: a terminal changes its width. */
export function createBlocks(options: () => TextOptions): Blocks {
  let environment: string | null = null
  let findings: readonly FindingReport[] = []
  let logs: readonly HostLog[] = []

  const takeFindings = (): readonly string[] => {
    const lines = findingLines(findings, options().paint)
    findings = []
    return lines
  }
  const takeLogs = (): readonly HostLog[] => {
    const taken = logs
    logs = []
    return taken
  }
  const shownLogs = (): readonly string[] => takeLogs().flatMap((entry) => logLines(entry, options().paint))

  const draw = (report: Report): readonly string[] => {
    switch (report.type) {
      case 'started':
        environment = report.environment
        return []
      case 'step':
        logs = remember(logs, report)
        return []
      case 'plan':
        return planLines(report, options().paint)
      case 'status':
        return statusLines(report, options())
      case 'finished':
        return summaryLines(report, { paint: options().paint, environment, logs: takeLogs() })
      case 'error':
        return [...shownLogs(), ...errorLines(report, options())]
      case 'finding':
      case 'examined':
      case 'phase':
      case 'note':
      case 'resolved':
      case 'output':
      case 'waiting':
      case 'serving':
      case 'paused':
      case 'answered':
      case 'releases':
      case 'history':
      case 'printed':
      case 'ran':
        return []
    }
  }

  return {
    take: (report) => {
      if (report.type === 'examined') {
        const lines = examinedLines(findings, report, options().paint)
        findings = []
        return lines
      }
      if (report.type !== 'finding') return [...takeFindings(), ...draw(report)]
      findings = [...findings, report]
      return []
    },
    rest: () => [...takeFindings(), ...shownLogs()],
  }
}

/** A failure that several steps report with the same log is shown once. */
function remember(logs: readonly HostLog[], step: Extract<Report, { type: 'step' }>): readonly HostLog[] {
  const { log } = step
  if (log === undefined || log.trim() === '' || logs.some((entry) => entry.log === log)) return logs
  return [...logs, { step, log }]
}

function errorLines({ message, hint, output }: ErrorReport, { paint }: TextOptions): readonly string[] {
  const [first = '', ...rest] = safeLines(message)
  return [
    `${paint('bad', '✖')} ${oneLine(first)}`,
    ...rest.map((line) => `  ${line}`),
    ...(output === undefined || output.trim() === ''
      ? []
      : safeLines(output).map((line) => `  ${paint('faint', '│')} ${line}`)),
    ...hintLines(hint, ''),
  ]
}
