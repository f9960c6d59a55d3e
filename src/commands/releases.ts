/** `zdr-deploy production current`, `previous` and `list`: which commits, for scripts. They change nothing, and take no lock. */
import { everywhere } from '../engine/everywhere.ts'
import type { Machine } from '../engine/fleet.ts'
import { activeManifest } from '../engine/inspect.ts'
import { findingOf, reportFindings } from '../engine/look.ts'
import { fleetHistory, lastDeployed, releasesBefore } from '../engine/plan.ts'
import { UserError } from '../errors.ts'
import { deployedBefore, type HistoryEntry } from '../hosts/history.ts'
import type { Inspection } from '../hosts/inspection.ts'
import type { ExitCode, HostRelease } from '../rollout/report.ts'
import type { Command, CommandContext } from './context.ts'
import { begin } from './environment.ts'
import { openHosts } from './open-hosts.ts'

type Verb = 'current' | 'previous' | 'list'

export const run: Command<Verb> = async (invocation, context) => {
  const config = await begin(invocation, context, invocation.verb)
  const { machines, failed, close } = await openHosts(config, context)
  try {
    const isWhole = failed.length === 0
    return await tellReleases(invocation.verb, { machines, isWhole, report: context.report })
  } finally {
    await close()
  }
}

export interface Telling {
  readonly machines: readonly Pick<Machine, 'name' | 'depot'>[]
  /** These are all hosts of the configuration. */
  readonly isWhole: boolean
  readonly report: CommandContext['report']
}

/** Resolves with 4 where hosts differ, or were not seen. Rejects with UserError `no-release` where there is nothing to tell. */
export async function tellReleases(verb: Verb, { machines, isWhole, report }: Telling): Promise<ExitCode> {
  const looked = await everywhere(machines, async ({ name, depot }) => ({ name, inspection: await depot.inspect() }))
  reportFindings(
    looked.flatMap((each) => (each.ok ? [] : [findingOf(each.item.name, each.error)])),
    report,
  )
  const views = looked.flatMap((each) => (each.ok ? [each.value] : []))
  if (views.length === 0) throw new UserError('host-unreachable', 'No host could be looked at.')
  const isAll = isWhole && views.length === machines.length
  return verb === 'list' ? tellHistory(views, { isAll, report }) : tellOne(verb, views, { isAll, report })
}

interface View {
  readonly name: string
  readonly inspection: Inspection
}

interface Saying extends Pick<Telling, 'report'> {
  readonly isAll: boolean
}

function tellOne(what: 'current' | 'previous', views: readonly View[], { isAll, report }: Saying): ExitCode {
  const hosts = what === 'current' ? views.map(currentOf) : previousOf(views)
  if (hosts.every(({ release }) => release === null)) throw nothing(what, views)
  const agree = isAll && new Set(hosts.map(({ release }) => release)).size === 1
  report({ type: 'releases', what, hosts, agree })
  return agree ? 0 : 4
}

function currentOf({ name, inspection }: View): HostRelease {
  const manifest = activeManifest(inspection)
  return { host: name, release: manifest?.id ?? null, sha: manifest?.sha ?? null }
}

/** What a rollback goes back to: one for all, and nothing on a host that does not have it. */
function previousOf(views: readonly View[]): readonly HostRelease[] {
  const [before] = releasesBefore(views)
  return views.map(({ name, inspection }) =>
    before !== undefined && inspection.releases.includes(before.release)
      ? { host: name, release: before.release, sha: before.sha }
      : { host: name, release: null, sha: null },
  )
}

function tellHistory(views: readonly View[], { isAll, report }: Saying): ExitCode {
  const all = deployedBefore(fleetHistory(views), null)
  if (all.length === 0) throw nothing('list', views)
  // Where a deploy was cut off, going back begins with the one that was deployed last.
  const first = all.length - releasesBefore(views).length
  const deployed = all.map((entry, index) => {
    const { release, sha, at, by } = entry
    return { back: index + 1 - first, release, sha, at, by, only: onlyOn(views, entry) }
  })
  report({ type: 'history', deployed })
  const last = lastDeployed(fleetHistory(views))
  const others = views.filter(({ inspection }) => activeManifest(inspection)?.id !== last)
  for (const { name, inspection } of others) {
    const text = `is on ${activeManifest(inspection)?.id ?? 'no release'}, which is not the one deployed last`
    report({ type: 'note', level: 'warning', host: name, text })
  }
  return isAll && others.length === 0 ? 0 : 4
}

function onlyOn(views: readonly View[], { release }: HistoryEntry): readonly string[] | null {
  const on = views.filter(({ inspection }) => inspection.releases.includes(release)).map(({ name }) => name)
  return on.length === views.length ? null : on
}

function nothing(what: Verb, views: readonly View[]): UserError {
  return new UserError('no-release', what === 'previous' ? noneBefore(views) : 'Nothing was deployed there yet.')
}

function noneBefore(views: readonly View[]): string {
  const [before] = releasesBefore(views)
  return before === undefined
    ? 'No release was deployed before the present one.'
    : `The release deployed before the present one, ${before.release}, is on no host any more.`
}
