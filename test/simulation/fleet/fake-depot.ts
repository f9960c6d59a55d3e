/** The depot of an imagined host. */
import { UserError } from '../../../src/errors.ts'
import type { Depot } from '../../../src/hosts/depot.ts'
import type { Host } from '../../../src/hosts/host.ts'
import { appendJournal, inspectionOf, noRoom, remove, same, sizesOf } from './disk.ts'
import { type Errand, errand, type Fence, type Work } from './errand.ts'
import { fakeLock, lostToAnother } from './fake-lock.ts'
import { fetchMirror, layOutRelease, resolveRef, runCommands, shareInto } from './preparing.ts'
import type { Seat } from './seat.ts'
import { endStep } from './step.ts'
import { type Box, happen } from './world.ts'

const quickTimeoutMs = 30_000
const fetchTimeoutMs = 10 * 60_000
const pruneTimeoutMs = 5 * 60_000

export interface DepotOf {
  readonly seat: Seat
  readonly box: Box
  readonly fence: Fence | null
  /** The host as it is handed to other ports, for a deploy of this token. */
  readonly hostFor: (fence: Fence) => Host
}

export function fakeDepot({ seat, box, fence, hostFor }: DepotOf): Depot {
  const { world } = seat
  const { disk, name: host } = box
  const ask = <Value>(what: string, work: (work: Work) => Value | Promise<Value>, rest: Partial<Errand<Value>> = {}) =>
    errand(seat, { what, code: 'host-command', timeoutMs: quickTimeoutMs, fence, work, ...rest })
  const change = (what: string, work: (work: Work) => void): Promise<void> =>
    ask(what, (it) => {
      if (!disk.isSetUp) throw noRoom(box)
      work(it)
    })
  return {
    inspect: () => ask('it could not be looked at', () => inspectionOf(disk)),

    ...fakeLock(seat, box),
    assertOurs: (token) =>
      ask('the lock could not be read', () => {
        if (disk.lock?.token !== token) throw lostToAnother(host)
      }),
    guarded: (token) => ({
      host: hostFor({ box, token }),
      depot: fakeDepot({ seat, box, fence: { box, token }, hostFor }),
    }),

    endStep: (token) =>
      ask(
        'the step under way could not be ended',
        () => {
          const { running } = box.step
          return running?.token === token && endStep(running)
        },
        { fence: null },
      ),

    setUp: () =>
      ask('the folders could not be made', () => {
        disk.isSetUp = true
      }),
    fetch: () =>
      ask('it could not fetch the repository', (work) => fetchMirror(world, box, work), {
        code: 'git',
        timeoutMs: fetchTimeoutMs,
      }),
    resolve: (ref) => ask(`the ref ${ref} does not resolve`, () => resolveRef(disk.mirror, ref), { code: 'git' }),
    hasCommit: (sha) => ask('the mirror could not be read', () => disk.mirror.commits.has(sha)),
    layOut: (manifest) =>
      ask('the release could not be laid out', (work) => layOutRelease(world, box, { ...work, ...manifest }), {
        timeoutMs: fetchTimeoutMs,
        canBeHalf: true,
      }),
    lacking: (files) =>
      ask('the shared files could not be looked at', () => files.filter((file) => !disk.shared.has(file))),
    share: (release, sharing) =>
      change('what is shared could not be put into the release', ({ who }) =>
        shareInto(world, box, { ...sharing, release, who }),
      ),
    run: (commands, { what, timeoutMs, isLasting = false, onLine }) =>
      ask(what, (work) => runCommands(world, box, { ...work, ...commands, what, hear: hearing(seat, onLine) }), {
        timeoutMs,
        isLasting,
        canBeHalf: true,
      }),
    note: (manifest, entry) =>
      change(`the state of ${manifest.id} could not be noted`, ({ who }) => {
        disk.manifests.set(manifest.id, manifest)
        happen(world, who, { type: 'noted', host, manifest })
        if (entry !== undefined) appendJournal(world, box, { entry, who })
      }),
    journal: (entry) =>
      // Where the lock could be taken there is room for it.
      ask('the journal could not be written', ({ who }) => appendJournal(world, box, { entry, who })),
    activate: (release) =>
      change(`${release} could not be activated`, ({ who }) => {
        if (!disk.releases.has(release)) throw new UserError('host-command', `${host}: there is no release ${release}`)
        const from = disk.current
        if (from.kind === 'folder') throw new UserError('host-command', `${host}: current is a folder of its own`)
        disk.current = { kind: 'release', id: release }
        happen(world, who, { type: 'activated', host, release, from })
      }),
    remember: (entry) =>
      change('the history could not be written', ({ who }) => {
        if (same(disk.history.at(-1), entry)) return
        disk.history.push(entry)
        happen(world, who, { type: 'remembered', host, entry })
      }),
    noteMigration: (entry) =>
      change('what becomes of the migration could not be noted', ({ who }) => {
        if (same(disk.migrations.at(-1), entry)) return
        disk.migrations.push(entry)
        happen(world, who, { type: 'migration', host, entry })
      }),
    prune: (keepIds) =>
      ask('old releases could not be removed', (work) => remove(world, box, { ...work, keepIds }), {
        timeoutMs: pruneTimeoutMs,
        canBeHalf: true,
      }),
    measure: () => ask('the releases could not be measured', () => sizesOf(disk), { timeoutMs: pruneTimeoutMs }),

    pause: (pause) =>
      change('that the deploy waits could not be noted', ({ who }) => {
        disk.pause = pause
        // An answer that came too late for the question before is none to this one.
        disk.answer = null
        happen(world, who, { type: 'paused', host, pause })
      }),
    paused: () => ask('no word of a pause', () => disk.pause),
    answer: (answer) =>
      change('the answer could not be left', ({ who }) => {
        disk.answer = answer
        happen(world, who, { type: 'answered', host, answer })
      }),
    answered: (token) => ask('no word of an answer', () => (disk.answer?.token === token ? disk.answer : null)),
  }
}

/** A dead deployer hears nothing. */
function hearing(
  { deployer }: Seat,
  onLine?: (line: string, stream: 'stdout' | 'stderr') => void,
): (line: string) => void {
  return (line) => {
    if (deployer.life === 'alive') onLine?.(line, 'stdout')
  }
}
