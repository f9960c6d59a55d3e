/** What was found before anything was changed: all of it, machine by machine; by weight, where that was asked for. */
import type { Report } from '../rollout/report.ts'
import { oneLine, type Paint, safeLines } from './paint.ts'
import { count } from './words.ts'

export type FindingReport = Extract<Report, { type: 'finding' }>
type ExaminedReport = Extract<Report, { type: 'examined' }>
type Weight = FindingReport['weight']

const weights = ['error', 'warning', 'note'] as const satisfies readonly Weight[]

/** Lines: a machine's name, its findings with errors first, and below each what to do about it. */
export function findingLines(findings: readonly FindingReport[], paint: Paint): readonly string[] {
  const hosts = [...new Set(findings.map(({ host }) => host ?? ''))]
  return hosts.flatMap((host) => [
    paint('strong', oneLine(host)),
    ...sorted(findings.filter((finding) => (finding.host ?? '') === host)).flatMap((finding) => one(finding, paint)),
  ])
}

/** Lines: each finding with its machines, what follows from it, and the place and line to write; then how many there are. */
export function examinedLines(
  findings: readonly FindingReport[],
  { environment, looked }: ExaminedReport,
  paint: Paint,
): readonly string[] {
  const counts = weights.flatMap((weight) => {
    const found = findings.filter((finding) => finding.weight === weight).length
    return found === 0 ? [] : [count(found, weight)]
  })
  const end = counts.length === 0 ? paint('good', 'nothing to mend') : counts.join(', ')
  return [
    ...sorted(findings).flatMap((finding) => [...examined(finding, paint), '']),
    `${paint('strong', oneLine(environment))}  ${end}`,
    paint('faint', `looked at ${looked.map(oneLine).join(', ')}`),
  ]
}

function sorted(findings: readonly FindingReport[]): readonly FindingReport[] {
  return weights.flatMap((weight) => findings.filter((finding) => finding.weight === weight))
}

function one({ weight, text, hint }: FindingReport, paint: Paint): readonly string[] {
  const [first = '', ...rest] = safeLines(text)
  return [`  ${label(weight, paint)} ${first}`, ...rest.map((line) => `    ${line}`), ...hintLines(hint, '    ')]
}

function examined(finding: FindingReport, paint: Paint): readonly string[] {
  const { weight, host, text, why, file, line } = finding
  const [first = '', ...rest] = safeLines(text)
  const place = file === undefined ? '' : oneLine(line === undefined ? file : `${file}:${line}`)
  const isNamed = host === undefined || first.startsWith(`${host} `)
  const where = isNamed ? '' : `${paint('strong', oneLine(host))}: `
  return [
    `${label(weight, paint)} ${where}${first}`,
    ...rest.map((text) => `    ${text}`),
    ...(why === undefined ? [] : [`  ${oneLine(why)}`]),
    ...todo(place, finding.hint),
  ]
}

function todo(place: string, hint: string | undefined): readonly string[] {
  if (hint === undefined) return place === '' ? [] : [`  → ${place}`]
  const [first = '', ...rest] = safeLines(hint)
  return hintLines([place === '' ? first : `${place}  ${first}`, ...rest].join('\n'), '  ')
}

function label(weight: Weight, paint: Paint): string {
  switch (weight) {
    case 'error':
      return paint('bad', '✖ error:')
    case 'warning':
      return paint('warning', '! warning:')
    case 'note':
      return paint('strong', '· note:')
  }
}

/** `→ Do this.`, further lines as they are: they may be commands to copy. */
export function hintLines(hint: string | undefined, indent: string): readonly string[] {
  if (hint === undefined) return []
  const [first = '', ...rest] = safeLines(hint)
  return [`${indent}→ ${first}`, ...rest.map((line) => `${indent}  ${line}`)]
}
