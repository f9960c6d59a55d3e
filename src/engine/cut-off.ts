/** What deploys left behind that were cut off, as the next one, or `status`, finds it. */
import type { BalancerView } from '../balancers/balancer.ts'
import { UserError } from '../errors.ts'
import { type CutOff, cutOff } from '../hosts/journal.ts'
import type { Report } from '../rollout/report.ts'
import { everywhere } from './everywhere.ts'
import { activationOf, type Machine } from './fleet.ts'
import type { Wish } from './goal.ts'
import { activeManifest, type HostView } from './inspect.ts'
import { fleetHistory, lastDeployed } from './plan.ts'
import { standsOn } from './verify.ts'

type Note = Extract<Report, { type: 'note' }>
type Inspected = Pick<HostView, 'inspection'>

/** null as well where that deploy lives, or nobody can say that it does not. */
export async function findCutOff(machines: readonly Machine[], views: readonly Inspected[]): Promise<CutOff | null> {
  const found = cutOff(views.map(({ inspection }) => inspection.journal))
  if (found === null) return null
  const owners = await everywhere(machines, ({ depot }) => depot.lockOwner())
  const isAlive = owners.some((each) => each.ok && each.value?.token === found.token)
  return isAlive || !owners.some(({ ok }) => ok) ? null : found
}

/** `the deploy of 1a2b3c4 by ada@laptop, begun at 2026-11-21T03:15:00.000Z, was cut off` */
export function cutOffText({ kind, sha, release, by, at, end }: CutOff): string {
  const what = kind === 'deploy' ? `the deploy of ${sha.slice(0, 7)}` : `the rollback to ${release}`
  const how = { interrupted: 'was interrupted', incomplete: 'ended incomplete' } as const
  return `${what} by ${by}, begun at ${at}, ${end === null ? 'was cut off' : how[end]}`
}

export interface Found {
  readonly views: readonly HostView[]
  readonly view: BalancerView
  readonly cutOff: CutOff | null
}

/** One line for the deploy, and one for each host that something was left on. */
export function foundNotes({ views, view, cutOff: cut }: Found): readonly Note[] {
  const ofHosts = views.flatMap((each): readonly Note[] => {
    const host = each.machine.name
    const texts = [rotationText(host, view), leftText(each, cut)].filter((text) => text !== null)
    return texts.length === 0 ? [] : [{ type: 'note', level: 'info', host, text: texts.join('; ') }]
  })
  return cut === null ? ofHosts : [{ type: 'note', level: 'warning', text: cutOffText(cut) }, ...ofHosts]
}

function rotationText(host: string, { out, mixed, byHand }: BalancerView): string | null {
  if (byHand.includes(host)) return 'an operator took it out of rotation: it gets the release, and stays out'
  if (mixed.includes(host)) return 'left out of rotation by some machines of the balancer only'
  return out.includes(host) ? 'left out of rotation by a deploy' : null
}

/** What is half done on a host; null: nothing. */
export function leftText({ machine, inspection, processes }: HostView, cut: CutOff | null): string | null {
  const active = activeManifest(inspection)
  if (active !== null && active.state !== 'verified') {
    if (active.state === 'failed') return `current leads to ${active.id}, which failed here`
    const { directory } = activationOf(machine, active)
    const isOld = processes.some((each) => !standsOn(each, directory))
    return `current leads to ${active.id}, ${isOld ? 'and its processes were not reloaded' : 'which was not verified here'}`
  }
  const { releases, manifests } = inspection
  const isHalf = cut !== null && releases.includes(cut.release) && !manifests.some(({ id }) => id === cut.release)
  return isHalf ? `${cut.release} is prepared half-way` : null
}

/**
 * What is asked for by `resume`, to go on to where it was going, or by `abort`, to go back to where the fleet came from.
 * Rejects with UserError `no-release` where that is not one release for all.
 */
export function wishOf(
  answer: 'resume' | 'abort',
  cut: CutOff,
  views: readonly Inspected[],
): Exclude<Wish, { kind: 'join' }> {
  if (answer === 'resume')
    return cut.kind === 'deploy' ? { kind: 'ref', ref: cut.sha } : { kind: 'release', release: cut.release }
  const last = lastDeployed(fleetHistory(views))
  const release = cut.from ?? (last === cut.release ? null : last)
  if (release !== null) return { kind: 'release', release }
  throw new UserError('no-release', `It is not known what ran on every host before ${cutOffText(cut)}.`, {
    hint: 'Name a release to go back to, with `zdr-deploy <environment> --rollback <release>`, or go on with `zdr-deploy <environment> resume`.',
  })
}
