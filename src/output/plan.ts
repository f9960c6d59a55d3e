/** The answer of `zdr-deploy production plan`. */
import type { PlannedHost, Report } from '../rollout/report.ts'
import { oneLine, type Paint, safeLines } from './paint.ts'
import { roomLines } from './room.ts'
import { alignedLines } from './table.ts'
import { count, fromTo, shortSha, span } from './words.ts'

type PlanReport = Extract<Report, { type: 'plan' }>

/** Lines: from where to where, batch by batch, and which command runs when. */
export function planLines(plan: PlanReport, paint: Paint): readonly string[] {
  const { from, sha, release, cuts, hosts, minServing, soakMs, skipped, migrate, shared, prepare, activate, reason } =
    plan
  const { preDeployLocal, preDeploy, postSetup, postDeployLocal } = plan.hooks
  const some = (title: string, commands: readonly string[]): readonly string[] =>
    commands.length === 0 ? [] : commandLines(title, commands, paint)
  const soak = `Each batch has to stay healthy in rotation for ${span(soakMs)} before the next one.`
  const out = `Skipped: ${skipped.join(', ')}. It stays out of rotation until a deploy has brought it up to date.`
  return [
    `${paint('strong', fromTo(from, sha))}  release ${release}`,
    ...groupLines(plan),
    `At least ${minServing} of ${count(hosts.length, 'host')} serving at every moment, or as many as serve before where that is fewer.`,
    ...(soakMs === 0 ? [] : [soak]),
    ...[...cuts, ...(skipped.length === 0 ? [] : [out])].map((text) => `${paint('warning', '!')} ${oneLine(text)}`),
    ...some('On this machine, first:', preDeployLocal),
    ...some('In the release that runs, on each host:', preDeploy),
    ...some('Shared:', shared),
    ...some('Once, in the first release of a host:', postSetup),
    ...commandLines('Beside the running app:', prepare, paint),
    ...some('Before the first batch:', migrate === null ? [] : [migrate]),
    ...commandLines('While a host is out:', activate, paint),
    ...(reason === '' ? [] : safeLines(reason).map((line) => paint('faint', line))),
    ...some('On this machine, at the end:', postDeployLocal),
    ...roomLines(plan.room, paint),
    'Nothing that runs was touched.',
  ]
}

interface Group {
  readonly title: string
  readonly hosts: readonly string[]
  readonly pause: boolean
}

/** The hosts of each batch, and between two batches the pause. */
function groupLines(plan: PlanReport): readonly string[] {
  const groups: readonly Group[] = [
    ...plan.batches.map((batch, index) => ({ ...batch, title: `batch ${index + 1}` })),
    { title: 'not in a batch', hosts: unbatched(plan), pause: false },
  ]
  const lines = alignedLines(groups.flatMap((group) => hostRows(group, plan.hosts)))
  return groups.flatMap(({ hosts, pause }, index) => {
    const before = groups.slice(0, index).reduce((sum, group) => sum + group.hosts.length, 0)
    return [...lines.slice(before, before + hosts.length), ...(pause ? ['  pause: it waits for a yes'] : [])]
  })
}

function unbatched({ batches, hosts }: PlanReport): readonly string[] {
  return hosts.map(({ host }) => host).filter((host) => !batches.some((batch) => batch.hosts.includes(host)))
}

/** The title stands at the first host only. */
function hostRows({ title, hosts: names }: Group, hosts: readonly PlannedHost[]) {
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
  // What runs on a host that could not be asked is not known.
  if (what === 'skip') return what
  return `${what}, ${from === null ? 'nothing runs there yet' : `from ${isFullSha(from) ? shortSha(from) : from}`}`
}

function isFullSha(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text)
}

function commandLines(title: string, commands: readonly string[], paint: Paint): readonly string[] {
  const lines = commands.length === 0 ? ['(nothing)'] : commands.flatMap(safeLines)
  return [paint('strong', title), ...lines.map((line) => `  ${line}`)]
}
