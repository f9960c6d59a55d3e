/** What was found before anything was changed: all of it, machine by machine. */
import type { Report } from '../rollout/report.ts'
import { oneLine, type Paint, safeLines } from './paint.ts'

export type FindingReport = Extract<Report, { type: 'finding' }>

/** Lines: a machine's name, its findings with errors first, and below each what to do about it. */
export function findingLines(findings: readonly FindingReport[], paint: Paint): readonly string[] {
  const hosts = [...new Set(findings.map(({ host }) => host))]
  return hosts.flatMap((host) => [
    paint('strong', oneLine(host)),
    ...sorted(findings.filter((finding) => finding.host === host)).flatMap((finding) => one(finding, paint)),
  ])
}

function sorted(findings: readonly FindingReport[]): readonly FindingReport[] {
  return [
    ...findings.filter(({ weight }) => weight === 'error'),
    ...findings.filter(({ weight }) => weight === 'warning'),
  ]
}

function one({ weight, text, hint }: FindingReport, paint: Paint): readonly string[] {
  const label = weight === 'error' ? paint('bad', '✖ error:') : paint('warning', '! warning:')
  const [first = '', ...rest] = safeLines(text)
  return [`  ${label} ${first}`, ...rest.map((line) => `    ${line}`), ...hintLines(hint, '    ')]
}

/** `→ Do this.`, further lines as they are: they may be commands to copy. */
export function hintLines(hint: string | undefined, indent: string): readonly string[] {
  if (hint === undefined) return []
  const [first = '', ...rest] = safeLines(hint)
  return [`${indent}→ ${first}`, ...rest.map((line) => `${indent}  ${line}`)]
}
