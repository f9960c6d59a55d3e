import type { OnLine, Source } from '../hosts/depot.ts'
import type { Manifest } from '../hosts/history.ts'
import type { Limit } from '../hosts/limits.ts'
import type { Upload } from '../hosts/sharing.ts'
import type { Machine } from './fleet.ts'
import type { HostView } from './inspect.ts'

const fullSha = /^[0-9a-f]{40}$/

/**
 * Says which commit the ref is on one host, which fetches first, unless the ref is a commit that it has: that leads nowhere
 * else by now. Rejects with UserError `git`. Touches only the mirror.
 */
export async function resolveRef(
  { depot }: Machine,
  { source, ref }: { readonly source: Source; readonly ref: string },
): Promise<string> {
  await depot.setUp()
  const isThere = fullSha.test(ref) && (await depot.hasCommit(ref))
  if (!isThere) await depot.fetch(source)
  return depot.resolve(ref)
}

export interface Preparation {
  readonly manifest: Manifest
  readonly source: Source
  /** What `manifest.uploads` are the digests of. */
  readonly uploads: readonly Upload[]
  /** Nothing is copied that an install would make. */
  readonly isFresh: boolean
  /** Done first where no release was ever prepared to its end: `post-setup`. */
  readonly onFirst: readonly string[]
  /** `pre-deploy`, in the release that runs. */
  readonly before: readonly string[]
  /** For each of them, and for install and build. */
  readonly limit: Limit
  readonly onLine: OnLine
}

/**
 * Fetch, lay out, install, build: beside the running app, in a folder of its own. May be repeated; what is prepared
 * already is left alone. `machine`: the host of the view, as it may be changed.
 */
export async function prepareHost(view: HostView, machine: Machine, preparation: Preparation): Promise<void> {
  const { inspection } = view
  const { manifest, source, uploads, before, limit, onLine } = preparation
  if (isPrepared(view, manifest.id)) return
  const { depot, layout } = machine
  const { env } = manifest
  await depot.setUp()
  if (before.length > 0) {
    const directory = inspection.current.kind === 'none' ? layout.base : layout.current
    await depot.run({ directory, commands: before, env }, { what: 'pre-deploy failed', ...limit, onLine })
  }
  // The host that resolved the ref has fetched already.
  if (!(await depot.hasCommit(manifest.sha))) await depot.fetch(source)
  await depot.layOut(manifest)
  const { shared = [] } = manifest
  if (shared.length > 0) await depot.share(manifest.id, { paths: shared, uploads })
  const commands = [...(isFirst(view) ? preparation.onFirst : []), ...manifest.prepare]
  const directory = `${layout.releases}/${manifest.id}`
  const { byLockfile = false } = manifest
  const installs = { what: preparation.isFresh ? 'run' : 'spared', byLockfile } as const
  if (commands.length > 0 || byLockfile)
    await depot.run({ directory, commands, env, installs }, { what: 'install or build failed', ...limit, onLine })
  await depot.note(manifest)
}

/** True where no release was ever prepared to its end. */
export function isFirst({ inspection }: HostView): boolean {
  return inspection.manifests.length === 0
}

export function isPrepared({ inspection }: HostView, id: string): boolean {
  return (
    inspection.releases.includes(id) &&
    inspection.manifests.some((manifest) => manifest.id === id && manifest.state !== 'failed')
  )
}
