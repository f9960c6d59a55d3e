/** Hosts that `pm2 deploy` set up, and how they become ours: what it left is the release to go back to. */
import type { Finding } from '../balancers/balancer.ts'
import type { EnvironmentConfig } from '../config/types.ts'
import { isoNow, systemClock } from '../engine/clock.ts'
import { everywhere } from '../engine/everywhere.ts'
import type { Fleet, Machine } from '../engine/fleet.ts'
import { activeManifest, type HostView, inspectHost } from '../engine/inspect.ts'
import { findingOf, reportFindings } from '../engine/look.ts'
import { UserError } from '../errors.ts'
import type { Manifest } from '../hosts/history.ts'
import { runScript } from '../hosts/run-script.ts'
import { lookAtSourceScript, parseSource, type Source } from '../hosts/source.ts'
import { takeOverScript } from '../hosts/taking-over.ts'
import { who } from './deploying.ts'
import { isHandedBack } from './hand-back.ts'
import { unnamedFinding } from './unnamed-files.ts'

/** A host with something to take over. */
export interface Found {
  readonly view: HostView
  readonly source: Source
}

/**
 * Those among these hosts where that is still to be done. Changes nothing. Rejects with UserError `preflight` after all
 * was reported, where something lies there of which nobody said what is to become of it.
 */
export async function findSources(
  views: readonly HostView[],
  config: EnvironmentConfig,
  { report }: Pick<Fleet, 'report'>,
): Promise<readonly Found[]> {
  const looked = await everywhere(views, async (view) => ({ view, source: await lookAt(view.machine, config) }))
  const failed = looked.flatMap((each) => (each.ok ? [] : [each.error]))
  if (failed[0] !== undefined) throw failed[0]
  const found = looked.flatMap((each) => {
    if (!each.ok || each.value.source === null || !isDue(each.value.view, each.value.source)) return []
    return [{ view: each.value.view, source: each.value.source }]
  })
  const findings = judge(found, config)
  reportFindings(findings, report)
  if (findings.some(({ weight }) => weight === 'error'))
    throw new UserError('preflight', 'What `pm2 deploy` left cannot be taken over yet. Nothing was changed.')
  return found
}

/**
 * Before a deploy: what lies in a `source` that nobody took over yet, and the new release would have to do without.
 * Changes nothing. What is named under `shared` counts too: it is `setup` that brings it there.
 */
export async function leftFindings(
  config: EnvironmentConfig,
  { machines }: Pick<Fleet, 'machines'>,
): Promise<readonly Finding[]> {
  const looked = await everywhere(machines, async (machine) => ({ machine, source: await lookAtLeft(machine, config) }))
  const unseen = looked.flatMap((each): readonly Finding[] =>
    each.ok ? [] : [{ ...findingOf(each.item.name, each.error), weight: 'warning' }],
  )
  const left = looked.flatMap((each) => {
    if (!each.ok || each.value.source === null) return []
    return [{ view: { machine: each.value.machine }, source: each.value.source }]
  })
  const hint = `\`zdr-deploy ${config.environment} setup\` takes over what \`pm2 deploy\` left, once each of these is named under \`shared\` or \`ignore\`.`
  return [...unseen, ...unnamedFinding(left, { shared: [], ignore: config.ignore }).map((each) => ({ ...each, hint }))]
}

async function lookAtLeft(machine: Machine, config: EnvironmentConfig): Promise<Source | null> {
  const inspection = await machine.depot.inspect()
  return isHandedBack({ machine, inspection }) ? lookAt(machine, { ...config, shared: [] }) : null
}

async function lookAt({ name, host, layout }: Machine, config: EnvironmentConfig): Promise<Source | null> {
  const named = { shared: movable(config), ignore: config.ignore }
  const { stdout } = await runScript(host, lookAtSourceScript(layout, named), {
    what: `${name}: what lies in ${layout.source} could not be looked at`,
    ...config.timeouts.fetch,
  })
  return parseSource(stdout)
}

/** What is uploaded has its own place in each release. */
function movable({ shared, uploads }: EnvironmentConfig): readonly string[] {
  return shared.filter((path) => !uploads.some(({ to }) => to === path))
}

/** Not where it was done, unless `pm2 deploy` was used since. */
function isDue({ inspection }: HostView, { sha, id }: Source): boolean {
  const active = activeManifest(inspection)
  return active?.sha !== sha || !inspection.history.some(({ release }) => release === id)
}

function judge(found: readonly Found[], config: EnvironmentConfig): readonly Finding[] {
  const hindrances = found.flatMap(({ view, source }) =>
    source.hindrances.map((text): Finding => ({ weight: 'error', host: view.machine.name, text })),
  )
  const changed = found.flatMap(({ view: { machine }, source }): readonly Finding[] => {
    if (source.changed.length === 0) return []
    const text = `${machine.layout.source} has files of the repository that were changed there, which a release does not have: ${shown(source.changed)}`
    return [
      { weight: 'warning', host: machine.name, text, hint: 'So it was with `pm2 deploy`: each deploy resets them.' },
    ]
  })
  return [...unnamedFinding(found, config), ...hindrances, ...changed, ...apartFinding(found)]
}

/** One where the hosts were left on different commits: then there is no release for all of them to go back to. */
export function apartFinding(found: readonly Found[]): readonly Finding[] {
  const hostsOf = new Map<string, string[]>()
  for (const { view, source } of found) hostsOf.set(source.sha, [...(hostsOf.get(source.sha) ?? []), view.machine.name])
  if (hostsOf.size < 2) return []
  const told = [...hostsOf].map(([sha, hosts]) => `${sha.slice(0, 7)} on ${hosts.join(', ')}`)
  return [
    {
      weight: 'warning',
      host: [...hostsOf.values()].flat().join(', '),
      text: `the hosts were left on different commits: ${told.join('; ')}`,
      hint: 'A first deploy that fails takes each host back to its own. `--rollback` of all is refused until they have had one release.',
    },
  ]
}

const shownMax = 5

function shown(paths: readonly string[]): string {
  const more = paths.length - shownMax
  return `${paths.slice(0, shownMax).join(', ')}${more > 0 ? `, and ${more} more` : ''}`
}

export interface TakingOver {
  readonly config: EnvironmentConfig
  readonly fleet: Fleet
  /** As it may be changed. Its folders were made. */
  readonly machine: Machine
}

/** Its processes go on as they are. May be repeated. */
export async function takeOver({ config, fleet, machine }: TakingOver, { source: { id, sha } }: Found): Promise<void> {
  const { name, host, layout, depot } = machine
  const at = isoNow(systemClock)
  await runScript(host, takeOverScript(layout, { id, shared: movable(config) }), {
    what: `${name}: ${layout.source} could not be taken over`,
    ...config.timeouts.fetch,
  })
  await depot.note(manifestOf(config, { id, sha, at }))
  await depot.remember({ at, release: id, sha, kind: 'deploy', by: who() })
  fleet.report({
    type: 'note',
    level: 'info',
    host: name,
    text: `${layout.source} is taken over as ${id}: what a first deploy goes back to`,
  })
  const { runs } = await inspectHost(fleet, machine)
  if (runs === id) return
  const text = `no healthy processes were seen that run from ${layout.source}: look whether it is what serves`
  fleet.report({ type: 'note', level: 'warning', host: name, text })
}

/** `prepare`: for a host that is added while this is still what the fleet runs. */
function manifestOf(
  { ref, split, env, environment, shared }: EnvironmentConfig,
  { id, sha, at }: Pick<Manifest, 'id' | 'sha' | 'at'>,
): Manifest {
  const { prepare, byLockfile, activate, manager } = split
  const how = { prepare, ...(byLockfile ? { byLockfile } : {}), activate, manager, env, environment, shared }
  return { id, sha, ref, state: 'verified', at, verifiedAt: at, verifiedBy: who(), ...how, takenOver: true }
}
