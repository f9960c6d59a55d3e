/** Looks at the whole fleet before anything is changed, and says everything that is wrong at once. */
import type { BalancerView, Finding } from '../balancers/balancer.ts'
import { UserError } from '../errors.ts'
import type { Manifest } from '../hosts/history.ts'
import type { CutOff } from '../hosts/journal.ts'
import type { Report } from '../rollout/report.ts'
import { findCutOff, foundNotes } from './cut-off.ts'
import { everywhere } from './everywhere.ts'
import { activationOf, type Fleet, foreignRelease } from './fleet.ts'
import { type HostView, inspectHost } from './inspect.ts'
import { hasRotation } from './plan.ts'

export interface Look {
  readonly views: readonly HostView[]
  readonly view: BalancerView
  /** The last deploy, where it was cut off. */
  readonly cutOff: CutOff | null
}

/**
 * `findings`: what was found while connecting. Rejects with UserError `preflight` after all were reported, where one of
 * them is an error, and with `locked` where a host is not ours to look at.
 */
export async function preflight(fleet: Fleet, findings: readonly Finding[]): Promise<Look> {
  const seen = await lookAround(fleet, findings)
  refuseErrors(seen.findings)
  return whole(fleet, seen)
}

/**
 * The same for whoever changes nothing: as long as every host was seen, it is no matter what else stands in the way
 * (`findings`, all reported). What the balancer does not say is taken to be nobody out.
 */
export async function foresee(
  fleet: Fleet,
  findings: readonly Finding[],
): Promise<{ readonly look: Look; readonly findings: readonly Finding[] }> {
  const seen = await lookAround(fleet, findings)
  if (seen.views.length < fleet.machines.length) refuseErrors(seen.findings)
  return { look: await whole(fleet, seen), findings: seen.findings }
}

interface Seen {
  readonly views: readonly HostView[]
  readonly isBalancerWell: boolean
  readonly findings: readonly Finding[]
}

async function lookAround(fleet: Fleet, findings: readonly Finding[]): Promise<Seen> {
  fleet.report({ type: 'phase', phase: 'inspect' })
  const [inspected, ofMachines] = await Promise.all([
    everywhere(fleet.machines, (machine) => inspectHost(fleet, machine)),
    orFinding(fleet.balancer.machines.join(', '), fleet.balancer.preflight()),
  ])
  for (const each of inspected) if (!each.ok && each.error.code === 'locked') throw each.error
  const views = inspected.flatMap((each) => (each.ok ? [each.value] : []))
  const unseen = inspected.flatMap((each) => (each.ok ? [] : [findingOf(each.item.name, each.error)]))
  // What it cannot see of a host that we go on without is known.
  const ofBalancer = ofMachines.filter(({ host }) => !fleet.skipped.includes(host))
  const isBalancerWell = ofBalancer.every(({ weight }) => weight !== 'error')
  const asked = isBalancerWell ? views : []
  const apart = (await Promise.all(asked.map((view) => reachFindings(fleet, view)))).flat()
  const ofHosts = views.flatMap((view) => judge(view, fleet.health !== null))
  const all = [...findings, ...unseen, ...ofBalancer, ...ofHosts, ...apart]
  reportFindings(all, fleet.report)
  return { views, isBalancerWell, findings: all }
}

async function whole(fleet: Fleet, { views, isBalancerWell }: Seen): Promise<Look> {
  const [view, cutOff] = await Promise.all([
    isBalancerWell ? fleet.balancer.observe() : nobodyOut,
    findCutOff(fleet.machines, views),
  ])
  const look = { views, view, cutOff }
  for (const note of foundNotes(look)) fleet.report(note)
  return look
}

const nobodyOut: BalancerView = { out: [], mixed: [], byHand: [] }

/** A host that is well for itself and not for the balancer could never be put back. */
async function reachFindings({ balancer, limits }: Fleet, { machine, healthy }: HostView): Promise<readonly Finding[]> {
  if (!healthy) return []
  const reaching = balancer.reaches(machine.name, limits.confirm).then(() => [])
  return orFinding(machine.name, reaching)
}

async function orFinding(host: string, work: Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await work
  } catch (error) {
    if (error instanceof UserError) return [findingOf(host, error)]
    throw error
  }
}

export function findingOf(host: string, { message, output, hint }: UserError): Finding {
  const text = output === undefined ? message : `${message}\n${output}`
  return { weight: 'error', host, text, ...(hint === undefined ? {} : { hint }) }
}

export function reportFindings(findings: readonly Finding[], report: (report: Report) => void): void {
  for (const finding of findings) report({ type: 'finding', ...finding })
}

export function refuseErrors(findings: readonly Finding[]): void {
  const errors = findings.filter(({ weight }) => weight === 'error')
  if (errors.length === 0) return
  throw new UserError(
    'preflight',
    `${errors.length === 1 ? 'One thing stands' : `${errors.length} things stand`} in the way of a deploy. Nothing was changed.`,
  )
}

function judge(
  { machine, inspection, processes, fault, healthy, answer, runs }: HostView,
  isHealthChecked: boolean,
): readonly Finding[] {
  const host = machine.name
  const findings: Finding[] = []
  if (inspection.current.kind === 'folder') {
    findings.push({
      weight: 'error',
      host,
      text: `${machine.layout.current} is a folder, not a link to a release`,
      hint: 'Move it away; a release is activated by changing that link.',
    })
  }
  for (const file of inspection.unreadable)
    findings.push({
      weight: 'warning',
      host,
      text: `${machine.layout.zdr}/${file} could not be read, and is passed over`,
    })
  if (fault !== null)
    findings.push({ weight: 'error', host, text: fault, hint: 'Without its answer no release can be verified.' })
  if (runs === foreignRelease)
    findings.push({
      weight: 'warning',
      host,
      text: 'runs something that zdr-deploy did not deploy: if the first release fails here, there is nothing to go back to, and this host stays out of rotation',
      hint: 'What `pm2 deploy` deployed, `zdr-deploy <environment> setup` takes over, to be gone back to.',
    })
  if (!healthy && processes.length > 0 && isHealthChecked)
    findings.push({
      weight: 'warning',
      host,
      text: `is not healthy now (${answer?.detail ?? 'no answer'}): it goes first`,
    })
  return findings
}

/** One host alone, or no balancer: the reload itself must be the graceful one. Rejects with UserError `preflight` where it cannot be. */
export function refuseDowntime(fleet: Fleet, { views, view }: Pick<Look, 'views' | 'view'>, goal: Manifest): void {
  if (hasRotation(fleet, view)) return
  const serving = views.filter(({ healthy, processes }) => healthy && processes.length > 0)
  const reasons = serving.flatMap((view) => downtimeReason(fleet, view, goal))
  if (reasons.length === 0) return
  throw new UserError(
    'preflight',
    `No other host would answer while the app is restarted. Nothing was changed.\n${reasons.join('\n')}`,
    {
      hint: 'Put a balancer in front of several hosts, or accept the gap with --allow-downtime.',
    },
  )
}

function downtimeReason(fleet: Fleet, { machine, processes, runs }: HostView, goal: Manifest): readonly string[] {
  if (runs === goal.id) return []
  const forked = processes.find(({ mode }) => mode !== 'cluster')
  if (forked !== undefined)
    return [
      `${machine.name}: a reload of ${forked.name} is a restart: it does not run in cluster mode (\`exec_mode: 'cluster'\`)`,
    ]
  const activation = activationOf(machine, goal)
  if (!fleet.processesOf(goal.manager, machine).isPinned(processes, activation)) return []
  return [
    `${machine.name}: pm2 holds the app to the folder of its first start, so a reload would go on with the old release: set \`cwd: '${machine.layout.current}'\``,
  ]
}
