/** The end of a deploy: what is true now, of every host, and what to do next. */
import type { HostOutcome, Outcome } from '../rollout/model.ts'
import type { Report } from '../rollout/report.ts'
import { hintLines } from './findings.ts'
import { oneLine, type Paint, type Style, safeLines } from './paint.ts'
import { alignedLines, type Cell } from './table.ts'
import { count, duration, exitWords, fromTo, type StepReport, stateWords, stepText } from './words.ts'

export type FinishedReport = Extract<Report, { type: 'finished' }>

/** What a failed step brought along from its host. */
export interface HostLog {
  readonly step: StepReport
  readonly log: string
}

export interface SummaryOptions {
  readonly paint: Paint
  /** null: no `started` was seen. */
  readonly environment: string | null
  readonly logs: readonly HostLog[]
}

/** How much of a log is shown: what stands last is nearest to the failure. */
const logLinesMax = 30

/** Lines: logs, outcome, hosts, reasons, what to do next; the outcome last, where a terminal's eye is. */
export function summaryLines(
  finished: FinishedReport,
  { paint, environment, logs }: SummaryOptions,
): readonly string[] {
  const { outcome } = finished
  return [
    ...logs.flatMap((entry) => logLines(entry, paint)),
    ...alignedLines(outcome.hosts.map((host) => hostCells(host, finished, paint))),
    ...failureLines(outcome, paint),
    headline(finished, environment, paint),
    paint('faint', `exit ${finished.exitCode}: ${exitText(finished)}`),
    ...nextLines(finished, environment ?? '<environment>'),
  ]
}

/** Behind a bar: a CI service that obeys lines of a certain form must not obey those of a host. */
export function logLines({ step, log }: HostLog, paint: Paint): readonly string[] {
  const lines = safeLines(log).slice(-logLinesMax)
  const title = `${step.hosts.join(', ')}: ${stepText(step)}; its last ${count(lines.length, 'line')}:`
  return [paint('strong', oneLine(title)), ...lines.map((line) => `  ${paint('faint', '│')} ${line}`)]
}

function headline(finished: FinishedReport, environment: string | null, paint: Paint): string {
  const { exitCode, fromSha, toSha, tookMs } = finished
  const words = paint(exitCode === 0 ? 'good' : 'bad', outcomeWords(finished))
  const { kind } = finished.outcome
  // After a way back, an arrow from → to would tell of a deploy that did not last.
  const commits = kind === 'rolled back' ? `to ${fromTo(fromSha, null)}` : fromTo(fromSha, toSha)
  const facts = [environment, commits, `in ${duration(tookMs)}`].filter((fact) => fact !== null)
  return `${words}  ${facts.join('  ')}`
}

function outcomeWords({ command, exitCode, outcome }: FinishedReport): string {
  const { kind, hosts } = outcome
  const without = namesSkipped(hosts)
  const isDone = exitCode === 0 || without.length > 0
  // Going back was what was asked for: "rolled back" alone would read as a failure.
  const words = command === 'rollback' && kind === 'deployed' && isDone ? 'rolled back, as asked' : kind
  const isWhole = without.length === 0 || (kind !== 'deployed' && kind !== 'unchanged')
  return isWhole ? words : `${words}, without ${without.join(', ')}`
}

function exitText({ exitCode, outcome }: FinishedReport): string {
  const without = namesSkipped(outcome.hosts)
  return exitCode === 0 && without.length > 0
    ? `every host but ${without.join(', ')} is verified on the release`
    : exitWords[exitCode]
}

function hostCells(host: HostOutcome, { outMs }: FinishedReport, paint: Paint): readonly Cell[] {
  const out = outMs[host.host]
  return [
    { text: `  ${oneLine(host.host)}` },
    { text: host.release ?? '–' },
    { text: stateWords[host.state], draw: (text) => paint(stateStyle(host.state), text) },
    ...(out === undefined ? [] : [{ text: paint('faint', `out of rotation for ${duration(out)}`) }]),
  ]
}

function stateStyle(state: HostOutcome['state']): Style {
  switch (state) {
    case 'serving':
      return 'good'
    case 'out by hand':
    case 'stopped':
    case 'skipped':
      return 'warning'
    case 'lost':
    case 'unknown':
    case 'not serving':
      return 'bad'
  }
}

/** The reason of the whole, and those of hosts that it does not tell already. */
function failureLines({ hosts, failure }: Outcome, paint: Paint): readonly string[] {
  const reasons = hosts.flatMap(({ host, reason }) => (reason === null ? [] : [`${host}: ${reason}`]))
  const told = failure === null ? reasons : [failure, ...reasons.filter((text) => !alreadyTold(text, failure))]
  return told.map((text) => `${paint('bad', '✖')} ${oneLine(text)}`)
}

function alreadyTold(text: string, failure: string): boolean {
  return failure.includes(text) || failure.endsWith(text.slice(text.indexOf(': ') + 2))
}

/** What is left where, and the next command. Nothing where all is well. */
function nextLines({ outcome, exitCode }: FinishedReport, environment: string): readonly string[] {
  const again = `\`zdr-deploy ${environment}\``
  switch (outcome.kind) {
    case 'deployed':
    case 'unchanged':
      return exitCode === 0 ? [] : hintLines(`${whatIsLeft(outcome.hosts)}, then run ${again} again.`, '')
    case 'rolled back':
      return hintLines(`${whereHostsAre(outcome.hosts)} Mend what failed, and run ${again} again.`, '')
    case 'interrupted':
      return hintLines(`What runs where stands above. Run ${again} again to finish, or add --rollback to go back.`, '')
    case 'incomplete':
      return hintLines(
        `Look at ${namesToLookAt(outcome.hosts)}; \`zdr-deploy ${environment} status\` shows what is so now. Then run ${again} again, or add --rollback: it starts from what it finds, nothing has to be repaired by hand.`,
        '',
      )
  }
}

/** Who was skipped is brought up to date by the next deploy, and needs no more than to be there again. */
function whatIsLeft(hosts: readonly HostOutcome[]): string {
  const skipped = namesSkipped(hosts)
  const isAll = namesNotServing(hosts).length === skipped.length
  return skipped.length > 0 && isAll
    ? `See that ${skipped.join(', ')} can be reached`
    : 'Look at the hosts that are not serving'
}

/** A host that was down before, and stays down, does not stand in the way of "rolled back". */
function whereHostsAre(hosts: readonly HostOutcome[]): string {
  const names = namesNotServing(hosts)
  if (names.length === 0) return 'Every host is on the release it came from.'
  const others = names.length < hosts.length ? ' Every other host is on the release it came from.' : ''
  return `Not serving: ${names.join(', ')}.${others}`
}

function namesToLookAt(hosts: readonly HostOutcome[]): string {
  const names = namesNotServing(hosts)
  return names.length === 0 ? 'every host' : names.join(', ')
}

function namesNotServing(hosts: readonly HostOutcome[]): readonly string[] {
  return hosts.filter(({ state }) => state !== 'serving' && state !== 'out by hand').map(({ host }) => host)
}

function namesSkipped(hosts: readonly HostOutcome[]): readonly string[] {
  return hosts.filter(({ state }) => state === 'skipped').map(({ host }) => host)
}
