/** What was seen of a case, held against what is promised. */
import type { Report } from '../../src/rollout/report.ts'
import type { DeployResult } from '../lab/deployer.ts'
import { reports } from '../lab/fleet.ts'
import type { HammerCounts } from '../lab/hammer-counts.ts'
import type { ChaosCase, Scene } from './case.ts'
import { type Commits, type Standing, untrueClaims } from './claims.ts'
import type { Row } from './row.ts'

export interface Ended extends DeployResult {
  /** It was killed, because it had not ended in a time in which every deploy should have. */
  readonly late: boolean
}

export interface Next {
  readonly asked: string
  readonly result: Ended
  readonly running: Running
  readonly status: DeployResult
}

export interface Seen {
  readonly result: Ended
  /** What the case itself found. */
  readonly shown: readonly string[]
  readonly atEnd: readonly Standing[]
  readonly commits: Commits
  readonly next: Next
  readonly requests: HammerCounts
}

type Running = Readonly<Record<string, string>>

export function judge(
  chaosCase: ChaosCase,
  scene: Scene,
  { result, shown, atEnd, commits, next, requests }: Seen,
): Row {
  const allowed = chaosCase.allowed ?? { requests: 0, why: '' }
  const unconverged = whyNotConverged(next)
  const running = Object.fromEntries(atEnd.map(({ name, runs }) => [name, runs]))
  return {
    fault: chaosCase.fault,
    step: chaosCase.step,
    requests: requests.total,
    failed: requests.failed,
    allowed,
    exit: exitText(result),
    ran: runningText(running, scene),
    again: unconverged.length === 0 ? 'converged' : `exit code ${exitText(next.result)}`,
    short: [
      ...(requests.failed > allowed.requests ? [`${requests.failed} requests failed, ${allowed.requests} may`] : []),
      ...(result.late ? ['the deploy did not end, and had to be killed'] : []),
      ...shown,
      ...untruthOf(result, running, scene),
      ...untrueClaims(eventsOf(result), { code: result.code, hosts: atEnd, commits, ran: scene.ran }),
      ...unconverged,
    ],
  }
}

/** What the exit code claims of the fleet must be so. Of a host that the fault itself switched off, only 0 claims anything. */
function untruthOf({ code }: Ended, atEnd: Running, { asked, ran }: Scene): readonly string[] {
  const claimed = code === 0 ? asked : code === 1 || code === 3 ? ran : null
  const isSo = (version: string): boolean => version === claimed || (version === 'off' && code !== 0)
  if (claimed === null || Object.values(atEnd).every(isSo)) return []
  return [`the exit code ${code} says that ${claimed} runs everywhere, and what runs is ${told(atEnd)}`]
}

function whyNotConverged({ asked, result, running, status }: Next): readonly string[] {
  const isEverywhere = Object.values(running).every((version) => version === asked)
  return [
    ...(result.code === 0 ? [] : [`one more run ended with exit code ${exitText(result)}: ${whyOf(result)}`]),
    ...(isEverywhere ? [] : [`after one more run what runs is ${told(running)}, and not ${asked}`]),
    ...(status.code === 0 ? [] : attentionIn(status).map((text) => `after one more run, by \`status\`: ${text}`)),
  ]
}

function told(running: Running): string {
  return Object.entries(running)
    .map(([host, version]) => `${version} on ${host}`)
    .join(', ')
}

/** What somebody should look at. */
function attentionIn(status: DeployResult): readonly string[] {
  const said = eventsOf(status).flatMap((event): readonly string[] => {
    if (event.type === 'error') return [event.message]
    if (event.type === 'finding') return [`${event.host}: ${event.text}`]
    if (event.type !== 'status') return []
    return event.hosts.flatMap(({ host, attention }) => attention.map((text) => `${host}: ${text}`))
  })
  return said.length > 0 ? said : ['it ended badly, and did not say why']
}

/** Its last error, or what its outcome says. */
function whyOf(result: DeployResult): string {
  const last = eventsOf(result).findLast(({ type }) => type === 'error' || type === 'finished')
  if (last?.type === 'error') return last.message
  return (last?.type === 'finished' ? last.outcome.failure : null) ?? 'it did not say why'
}

function eventsOf({ stdout }: DeployResult): readonly Report[] {
  return reports(stdout) as readonly object[] as readonly Report[]
}

export function exitText({ code, signal, late }: Ended): string {
  if (late) return 'none'
  return code === null ? `killed (${signal})` : String(code)
}

/** `asked for`; `before, asked for and before, nothing` where they differ. */
function runningText(running: Running, { asked, ran }: Scene): string {
  const nameOf = (version: string): string => {
    if (version === asked) return 'asked for'
    return version === ran ? 'before' : version.replace(`${asked}-`, '')
  }
  const named = Object.values(running).map((versions) => versions.split(',').map(nameOf).join(' and '))
  return new Set(named).size === 1 ? (named[0] ?? '') : named.join(', ')
}
