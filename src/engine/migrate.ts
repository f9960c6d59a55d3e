/** `migrate`: once for a commit, on one host, before any host is taken out. Every host that takes part remembers it. */
import { UserError } from '../errors.ts'
import type { Manifest, MigrationEntry } from '../hosts/history.ts'
import { isNotBegun } from '../hosts/job.ts'
import { isoNow } from './clock.ts'
import { everywhere } from './everywhere.ts'
import type { Fleet, Machine } from './fleet.ts'
import type { HostView } from './inspect.ts'
import type { FleetLock } from './lock.ts'
import { reportStep } from './prepare-fleet.ts'

export interface Migration {
  readonly command: string
  /** What was said to do about one that was cut off, or about any. */
  readonly answer: 'again' | 'done' | null
}

export type MigrationState =
  | { readonly kind: 'due' }
  | { readonly kind: 'done'; readonly last: MigrationEntry }
  /** Begun, and nobody knows how it ended. */
  | { readonly kind: 'cut off'; readonly last: MigrationEntry }

/** What a migration is known by: the same command of the same commit is run once. */
export type Key = Pick<MigrationEntry, 'sha' | 'command'>

/**
 * What all hosts together know of it: what one of them saw done is done. Only what was begun after that, once more, and
 * has no end anywhere, is cut off all the same.
 */
export function migrationState(views: readonly HostView[], key: Key): MigrationState {
  const known = views.map(({ inspection }) => inspection.migrations.filter((entry) => isSame(entry, key)))
  const ended = new Set(known.flat().flatMap(({ run, state }) => (state === 'started' ? [] : [run])))
  const settled = new Set(known.flatMap(runsBeforeDone))
  const open = known.flat().findLast(({ run }) => !ended.has(run) && !settled.has(run))
  if (open !== undefined) return { kind: 'cut off', last: open }
  const done = known.flat().findLast(({ state }) => state === 'done')
  return done === undefined ? { kind: 'due' } : { kind: 'done', last: done }
}

function isSame(entry: MigrationEntry, { sha, command }: Key): boolean {
  return entry.sha === sha && entry.command === command
}

/** By the order on one host, for clocks of two deployers may differ. */
function runsBeforeDone(entries: readonly MigrationEntry[]): readonly string[] {
  const last = entries.findLastIndex(({ state }) => state === 'done')
  return entries.slice(0, Math.max(0, last)).map(({ run }) => run)
}

/** Migrations of any commit that were begun and have no end: the next one would be run on top of half of it. */
export function migrationsCutOff(views: readonly HostView[]): readonly MigrationEntry[] {
  const entries = views.flatMap(({ inspection }) => inspection.migrations)
  return firstOfEach(entries).flatMap((entry) => {
    const state = migrationState(views, entry)
    return state.kind === 'cut off' ? [state.last] : []
  })
}

/** Rejects with UserError `preflight` where one was cut off and nobody has said what to do about that. */
export function assertMigratable(views: readonly HostView[], { answer }: Migration): void {
  const [open] = migrationsCutOff(views)
  if (open === undefined || answer !== null) return
  const { sha, command, at, by } = open
  throw new UserError(
    'preflight',
    `The migration \`${command}\` of ${sha.slice(0, 7)} was begun by ${by} at ${at}, and it is not known whether it ended. Nothing was changed.`,
    {
      hint: 'Look at the database, then run the same again with `--migrate again` (what is due is run, that one too where it is of this commit) or `--migrate done` (that one counts as done).',
    },
  )
}

export interface Migrating {
  readonly fleet: Fleet
  readonly lock: FleetLock
  readonly views: readonly HostView[]
  readonly manifest: Manifest
  readonly by: string
}

/** Rejects where it fails: then no host is rolled. */
export async function migrate(migrating: Migrating, migration: Migration): Promise<void> {
  const { fleet, views, manifest } = migrating
  const { command, answer } = migration
  const key: Key = { sha: manifest.sha, command }
  assertMigratable(views, migration)
  const cutOff = migrationsCutOff(views)
  const isOurs = cutOff.some((entry) => isSame(entry, key))
  for (const { run, ...entry } of cutOff)
    await remember(migrating, entryOf(migrating, { ...entry, run, state: answer === 'done' ? 'done' : 'failed' }))
  const state = migrationState(views, key)
  if (answer !== 'again' && state.kind === 'done') {
    const text = `\`${command}\` was run for ${manifest.sha.slice(0, 7)} already, at ${state.last.at}`
    return fleet.report({ type: 'note', level: 'info', text })
  }
  if (answer === 'done' && isOurs) return
  const run = migrating.lock.token
  // Said of one that nobody here has begun: it was run by hand.
  if (answer === 'done' && cutOff.length === 0)
    return remember(migrating, entryOf(migrating, { ...key, run, state: 'done' }))
  await runOnce(migrating, key)
}

function entryOf(
  { fleet, by }: Migrating,
  { sha, command, run, state }: Omit<MigrationEntry, 'at' | 'by'>,
): MigrationEntry {
  return { at: isoNow(fleet.clock), run, sha, command, state, by }
}

async function runOnce(migrating: Migrating, key: Key): Promise<void> {
  const { fleet, lock, views, manifest } = migrating
  const [first] = views
  if (first === undefined) throw new Error('a fleet without hosts')
  const is = (state: MigrationEntry['state']): Promise<void> =>
    remember(migrating, entryOf(migrating, { ...key, run: lock.token, state }))
  fleet.report({ type: 'phase', phase: 'migrate' })
  try {
    await is('started')
  } catch (error) {
    await is('failed')
    throw error
  }
  await reportStep(fleet, { host: first.machine.name, step: 'migrate', manifest }, () =>
    runOn(migrating, { machine: first.machine, command: key.command, ended: is }),
  )
}

interface Run {
  readonly machine: Machine
  readonly command: string
  readonly ended: (how: 'done' | 'failed') => Promise<void>
}

async function runOn({ fleet, lock, manifest }: Migrating, { machine, command, ended }: Run): Promise<void> {
  const { layout, name } = machine
  const onLine = (line: string): void => fleet.report({ type: 'output', host: name, line })
  const directory = `${layout.releases}/${manifest.id}`
  let isBegun = false
  try {
    const { depot } = await lock.guarded(machine)
    isBegun = true
    await depot.run(
      { directory, commands: [command], env: manifest.env },
      {
        what: 'the migration did not end well, and no host was taken out',
        ...fleet.limits.migrate,
        isLasting: true,
        onLine,
      },
    )
  } catch (error) {
    // Only where it ended by itself, or never began, is it known how.
    const isEnded = error instanceof UserError && error.code === 'host-command' && !isCutOff(error)
    if (isEnded || isNotBegun(error) || !isBegun) await ended('failed')
    throw error
  }
  await ended('done')
}

function isCutOff({ cause }: UserError): boolean {
  return typeof cause === 'object' && cause !== null && 'timedOut' in cause && cause.timedOut === true
}

/** On every host, or it would be run again where the one that knows is lost. */
async function remember({ fleet, lock }: Migrating, entry: MigrationEntry): Promise<void> {
  const settled = await everywhere(fleet.machines, async (machine) =>
    (await lock.guarded(machine)).depot.noteMigration(entry),
  )
  const failed = settled.flatMap((each) => (each.ok ? [] : [each]))
  const [first] = failed
  if (first !== undefined && entry.state === 'started') throw first.error
  for (const { item, error } of failed) {
    const text = `that the migration is ${entry.state} could not be noted: ${error.message}`
    fleet.report({ type: 'note', level: 'warning', host: item.name, text })
  }
}

/** For a way back to this release: the migrations that were run since it was prepared, which nobody undoes. */
export function migrationsLeft(views: readonly HostView[], { sha, at }: Manifest): readonly MigrationEntry[] {
  const entries = views.flatMap(({ inspection }) => inspection.migrations)
  return firstOfEach(entries.filter((entry) => entry.state === 'done' && entry.sha !== sha && entry.at > at))
}

/** Hosts remember the same: one entry for each migration. */
function firstOfEach(entries: readonly MigrationEntry[]): readonly MigrationEntry[] {
  return entries.filter((entry, index) => entries.findIndex((other) => isSame(other, entry)) === index)
}

/** What a way back does not undo, for people. */
export function migrationLeftText({ command, sha, at }: MigrationEntry): string {
  return `the migration \`${command}\` of ${sha.slice(0, 7)}, run at ${at}, is not undone: the release that is gone back to meets its database`
}
