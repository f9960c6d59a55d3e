/** What stands on an imagined disk. */
import { UserError } from '../../../src/errors.ts'
import type { Inspection } from '../../../src/hosts/inspection.ts'
import type { JournalEntry } from '../../../src/hosts/journal.ts'
import type { ReleaseSize } from '../../../src/hosts/sizes.ts'
import type { ReleaseId } from '../../../src/rollout/model.ts'
import type { Work } from './errand.ts'
import { type Box, type Disk, happen, type World } from './world.ts'

const free = { freeBytes: 10 ** 10, freeInodes: 10 ** 6 }
const size = { bytes: 10 ** 8, inodes: 10 ** 4 }

export function inspectionOf({ current, releases, manifests, history, migrations, journal }: Disk): Inspection {
  return {
    current,
    releases: [...releases.keys()].toSorted(),
    manifests: [...manifests.values()],
    history: [...history],
    migrations: [...migrations],
    journal: [...journal],
    unreadable: [],
    ...free,
  }
}

export function sizesOf({ releases }: Disk): readonly ReleaseSize[] {
  return [...releases.keys()].toSorted().map((release) => ({ release, ...size }))
}

/** Removes what is not kept. Half: only the first. */
export function remove(
  world: World,
  box: Box,
  { keepIds, isHalf, who }: Work & { readonly keepIds: readonly ReleaseId[] },
): void {
  const { disk, name: host } = box
  const isKept = (id: ReleaseId): boolean =>
    keepIds.includes(id) || (disk.current.kind === 'release' && disk.current.id === id)
  const removable = [...disk.releases.keys()].filter((id) => !isKept(id))
  for (const release of isHalf ? removable.slice(0, 1) : removable) {
    disk.releases.delete(release)
    happen(world, who, { type: 'pruned', host, release })
  }
  if (isHalf) return
  for (const id of [...disk.manifests.keys()]) if (!isKept(id)) disk.manifests.delete(id)
  disk.parts.clear()
}

export function appendJournal(
  world: World,
  { disk, name: host }: Box,
  { entry, who }: Pick<Work, 'who'> & { readonly entry: JournalEntry },
): void {
  if (same(disk.journal.at(-1), entry)) return
  disk.journal.push(entry)
  happen(world, who, { type: 'journal', host, entry })
}

export function same(one: object | undefined, other: object): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

export function noRoom({ name }: Box): UserError {
  return new UserError('host-command', `${name}: the folders are not there`)
}
