/** What the fleet is to run: a commit, or a release that is there. */
import { UserError } from '../errors.ts'
import type { Source } from '../hosts/depot.ts'
import type { Manifest } from '../hosts/history.ts'
import { releaseId } from '../hosts/release.ts'
import type { HostName, ReleaseId } from '../rollout/model.ts'
import type { Machine } from './fleet.ts'
import { activeManifest, type HostView } from './inspect.ts'
import { releaseOf, releasesBefore, type Wanted } from './plan.ts'
import { resolveRef } from './prepare.ts'

/** What is asked for: a ref, or a release that is there, by name, by how many releases back it is, or by who runs it. */
export type Wish =
  | { readonly kind: 'ref'; readonly ref: string }
  | { readonly kind: 'release'; readonly release: string | number }
  /** What the others run, for these hosts, which need not have it yet. */
  | { readonly kind: 'join'; readonly hosts: readonly HostName[] }

/** What a release of this configuration is made of, beside its commit. */
export type Recipe = Omit<Wanted, 'sha'>

export interface Goal {
  readonly manifest: Manifest
  readonly kind: 'deploy' | 'rollback'
}

/** Of those that can be gone back to, where one further back was asked for. */
const shownMax = 10

export interface GoalOptions {
  readonly recipe: Recipe
  readonly source: Source
  readonly views: readonly HostView[]
  /** Of a release that is there already nothing is used. */
  readonly isFresh: boolean
  readonly nowMs: number
  /** The machine as it may be written to, for the mirror. */
  readonly writable: (machine: Machine) => Promise<Machine>
}

/** Rejects with UserError `git` or `no-release`. */
export async function findGoal(wish: Wish, options: GoalOptions): Promise<Goal> {
  if (wish.kind === 'release') return { kind: 'rollback', manifest: findRelease(options.views, wish.release) }
  if (wish.kind === 'join') return { kind: 'deploy', manifest: releaseOfOthers(wish.hosts, options) }
  return { kind: 'deploy', manifest: await manifestOfRef(wish.ref, options) }
}

/** A host of the fleet resolves the ref, with its own access to the repository; every host then gets that commit. */
async function manifestOfRef(ref: string, options: GoalOptions): Promise<Manifest> {
  const { recipe, source, views, isFresh, nowMs, writable } = options
  const [first] = views
  if (first === undefined) throw new Error('a fleet without hosts')
  const sha = await resolveRef(await writable(first.machine), { source, ref })
  const wanted = { ...recipe, sha }
  const there = isFresh ? null : releaseOf(views, wanted)
  const id = there ?? freeId(views, { nowMs, sha })
  return { ...wanted, id, ref, state: 'prepared', at: new Date(nowMs).toISOString() }
}

/** As it is made anew on a host that does not have it: by what is written in it, not by what the configuration says now. */
function releaseOfOthers(joining: readonly HostName[], { views, recipe, nowMs }: GoalOptions): Manifest {
  const others = views.filter(({ machine }) => !joining.includes(machine.name))
  const running = others.map(({ machine, inspection }) => ({
    host: machine.name,
    manifest: activeManifest(inspection),
  }))
  const [first] = running
  const ids = new Set(running.map(({ manifest }) => manifest?.id))
  if (first === undefined || first.manifest === null || ids.size > 1) {
    const lines = running.map(({ host, manifest }) => `${host}: ${manifest?.id ?? 'no release'}`)
    throw new UserError('no-release', `The other hosts do not run one release.\n${lines.join('\n')}`, {
      hint: `Deploy to all of them: ${joining.join(', ')} is brought up to date with it.`,
    })
  }
  const { activatedAt: _activated, verifiedAt: _at, verifiedBy: _by, takenOver: _taken, ...made } = first.manifest
  if (Object.entries(made.uploads ?? {}).some(([to, digest]) => recipe.uploads?.[to] !== digest))
    throw new UserError(
      'no-release',
      `A file under \`upload\` is another one by now than in ${made.id}, which the others run.`,
      { hint: `Deploy to all of them: ${joining.join(', ')} is brought up to date with it.` },
    )
  return { ...made, state: 'prepared', at: new Date(nowMs).toISOString() }
}

/** Two releases of one commit within a second would share their id. */
function freeId(
  views: readonly HostView[],
  { nowMs, sha }: { readonly nowMs: number; readonly sha: string },
): ReleaseId {
  const taken = new Set(views.flatMap(({ inspection }) => inspection.releases))
  let ms = nowMs
  while (taken.has(releaseId(new Date(ms), sha))) ms += 1000
  return releaseId(new Date(ms), sha)
}

function findRelease(views: readonly HostView[], asked: string | number): Manifest {
  const id = typeof asked === 'number' ? releaseBack(views, asked) : fullId(views, asked)
  const lacking = views.filter(({ inspection }) => !inspection.releases.includes(id)).map(({ machine }) => machine.name)
  if (lacking.length > 0)
    throw new UserError('no-release', `The release ${id} is not on ${lacking.join(', ')}.`, {
      hint: `${releasesHint(views)} To go back without ${lacking.length === 1 ? 'it' : 'them'}: --skip ${lacking.join(',')}.`,
    })
  const manifest = manifestOf(views, id)
  if (manifest === undefined) throw new UserError('no-release', `Nothing is known of the release ${id} but its folder.`)
  return manifest
}

function releaseBack(views: readonly HostView[], steps: number): ReleaseId {
  const before = releasesBefore(views)
  const found = before[steps - 1]
  if (found !== undefined) return found.release
  if (before.length === 0)
    throw new UserError('no-release', 'There is no release to go back to: none was deployed before the present one.', {
      hint: releasesHint(views),
    })
  const one = before.length === 1
  const text = `${steps} back is too far: only ${one ? 'one release was' : `${before.length} releases were`} deployed before the present one.`
  const lines = before.map(({ release, at, by }, index) => `${index + 1} back: ${release}, of ${at}, by ${by}`)
  throw new UserError('no-release', `${text}\n${lines.slice(0, shownMax).join('\n')}`, { hint: releasesHint(views) })
}

/** As given: the whole id, or the beginning of its id or commit, where only one fits. */
function fullId(views: readonly HostView[], asked: string): ReleaseId {
  const manifests = views.flatMap(({ inspection }) => inspection.manifests)
  const fitting = new Set(
    manifests.filter(({ id, sha }) => id.startsWith(asked) || sha.startsWith(asked)).map(({ id }) => id),
  )
  const [id, ...others] = fitting
  if (id !== undefined && others.length === 0) return id
  const text =
    id === undefined ? `There is no release ${asked}.` : `${asked} could be each of ${[...fitting].join(', ')}.`
  throw new UserError('no-release', text, { hint: releasesHint(views) })
}

function manifestOf(views: readonly HostView[], id: ReleaseId): Manifest | undefined {
  return views.flatMap(({ inspection }) => inspection.manifests).find((manifest) => manifest.id === id)
}

function releasesHint(views: readonly HostView[]): string {
  const all = new Set(views.flatMap(({ inspection }) => inspection.releases))
  return all.size === 0
    ? 'No release was laid out on any host yet.'
    : `Releases on the hosts: ${[...all].toSorted().join(', ')}.`
}

/** The commit that the fleet runs, where it runs one. */
export function presentSha(views: readonly HostView[]): string | null {
  const shas = new Set(views.map(({ inspection }) => activeManifest(inspection)?.sha ?? null))
  const [only] = shas
  return shas.size === 1 && only !== undefined ? only : null
}
