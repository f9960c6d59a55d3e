/** The answer of `zdr-deploy production plan`. */
import type { PlannedHost, Report } from '../rollout/report.ts'
import { oneLine, type Paint, safeLines } from './paint.ts'
import { alignedLines } from './table.ts'
import { count, fromTo, shortSha } from './words.ts'

type PlanReport = Extract<Report, { type: 'plan' }>

/** Lines: from where to where, batch by batch, and which command runs when. */
export function planLines(plan: PlanReport, paint: Paint): readonly string[] {
  const { from, sha, release, batches, hosts, minServing, prepare, activate, reason } = plan
  return [
    `${paint('strong', fromTo(from, sha))}  release ${release}`,
    ...alignedLines([
      ...batches.flatMap((batch, index) => hostRows(`batch ${index + 1}`, batch, hosts)),
      ...hostRows('not in a batch', unbatched(plan), hosts),
    ]),
    `At least ${minServing} of ${count(hosts.length, 'host')} serving at every moment, or as many as serve before where that is fewer.`,
    ...commandLines('Beside the running app:', prepare, paint),
    ...commandLines('While a host is out:', activate, paint),
    ...(reason === '' ? [] : safeLines(reason).map((line) => paint('faint', line))),
    'Nothing that runs was touched.',
  ]
}

function unbatched({ batches, hosts }: PlanReport): readonly string[] {
  return hosts.map(({ host }) => host).filter((host) => !batches.some((batch) => batch.includes(host)))
}

/** The title stands at the first host only. */
function hostRows(title: string, names: readonly string[], hosts: readonly PlannedHost[]) {
  return names.map((name, position) => {
    const host = hosts.find((candidate) => candidate.host === name)
    return [
      { text: position === 0 ? `  ${title}` : '' },
      { text: oneLine(name) },
      { text: host === undefined ? '' : describe(host) },
    ]
  })
}

function describe({ what, from }: PlannedHost): string {
  return `${what}, ${from === null ? 'nothing runs there yet' : `from ${isFullSha(from) ? shortSha(from) : from}`}`
}

function isFullSha(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text)
}

function commandLines(title: string, commands: readonly string[], paint: Paint): readonly string[] {
  const lines = commands.length === 0 ? ['(nothing)'] : commands.flatMap(safeLines)
  return [paint('strong', title), ...lines.map((line) => `  ${line}`)]
}
