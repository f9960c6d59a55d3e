/**
 * A whole deploy under its lock, in the order in which it happens: look, resolve, prepare, migrate, roll, settle. Going
 * back is the same, with a release that is there as its goal.
 */
import { UserError } from '../errors.ts'
import type { Inspection } from '../hosts/inspection.ts'
import { begin } from '../rollout/apply.ts'
import { exitCodeOf } from '../rollout/exit-code.ts'
import type { Outcome } from '../rollout/model.ts'
import { rehearse } from '../rollout/rehearse.ts'
import type { ExitCode, HostRoom, Report } from '../rollout/report.ts'
import { orAborted, orEnded } from './end-steps.ts'
import type { Fleet, Machine } from './fleet.ts'
import { findGoal, type Goal, presentSha } from './goal.ts'
import { type FleetJournal, openJournal } from './journal.ts'
import type { FleetLock } from './lock.ts'
import { type Look, preflight, refuseDowntime } from './look.ts'
import { assertMigratable, type Migration, migrate, migrationLeftText, migrationsLeft } from './migrate.ts'
import { observe } from './observe.ts'
import type { Company, Order } from './order.ts'
import { planRollout, saidYes } from './plan.ts'
import { prepareFleet } from './prepare-fleet.ts'
import { type End, ended, rollOut, settleEnd } from './roll-out.ts'
import { assertRoom, roomOf } from './room.ts'

export interface Deploying {
  readonly fleet: Fleet
  readonly lock: FleetLock
  readonly order: Order
  readonly company: Company
}

/** Resolves with the exit code once the end is reported. Rejects with a UserError for what ended it before anything a user could feel. */
export async function deploy(deploying: Deploying): Promise<ExitCode> {
  const { fleet, lock, order, company } = deploying
  const { interruption } = company
  const look = await interruption.orStop(preflight(withoutOthers(fleet, lock), company.findings))
  assertStillLast(look, order)
  const { goal, rooms } = await orEnded({ fleet, lock, interruption }, (heard) =>
    resolve({ ...deploying, fleet: heard }, look),
  )
  const codeOf = ({ outcome, changed }: End): ExitCode =>
    exitCodeOf(outcome, { changed, allowSkipped: order.allowSkipped })
  const tell = (end: End): ExitCode => {
    const exitCode = codeOf(end)
    fleet.report(finished({ end, goal, look, exitCode, tookMs: fleet.clock.now() - company.startedMs }))
    return exitCode
  }
  const journal = openJournal({ fleet, lock, by: order.by })
  const end = await orNoted(journal, roll({ ...deploying, look, goal, rooms, journal, tell }))
  if (goal.kind === 'deploy' && order.migration !== null) sayWhatStayed(fleet, order.migration, end.outcome)
  await settleEnd({ fleet, lock, goal, keep: order.keep, by: order.by }, end.outcome)
  await journal.end(end.outcome, codeOf(end))
  return tell(end)
}

/**
 * A step of the deploy before, that outlived its deployer, is ended on each host before that host is looked at, or waited
 * for: the first look is a step of ours, and meets it as any other would.
 */
function withoutOthers(fleet: Fleet, lock: FleetLock): Fleet {
  const machines = fleet.machines.map((machine) => {
    const inspect = async (): Promise<Inspection> => (await lock.guarded(machine)).depot.inspect()
    return { ...machine, depot: { ...machine.depot, inspect } }
  })
  return { ...fleet, machines }
}

/** Between the question what was cut off and the lock, somebody else may have deployed. */
function assertStillLast({ cutOff }: Look, { answers }: Order): void {
  if (answers === null || cutOff?.token === answers) return
  throw new UserError(
    'preflight',
    'Another deploy came in between, and what was cut off is not the last one any more.',
    {
      hint: 'Nothing was changed. `zdr-deploy <environment> status` shows what is so now.',
    },
  )
}

/** What rejects has ended before anything a user could feel. */
async function orNoted(journal: FleetJournal, rolling: Promise<End>): Promise<End> {
  try {
    return await rolling
  } catch (error) {
    if (error instanceof UserError) await journal.end(null, exitCodeOfError(error))
    throw error
  }
}

function exitCodeOfError({ code }: UserError): ExitCode {
  if (code === 'interrupted') return 130
  return code === 'locked' ? 5 : 1
}

interface Resolved {
  readonly goal: Goal
  readonly rooms: readonly HostRoom[]
}

async function resolve({ fleet, lock, order, company }: Deploying, look: Look): Promise<Resolved> {
  const { views } = look
  fleet.report({ type: 'phase', phase: 'resolve' })
  const { recipe, source, wish, isFresh, allowDowntime, migration } = order
  const nowMs = fleet.clock.now()
  const writable = (machine: Machine): Promise<Machine> => lock.guarded(machine)
  const goal = await findGoal(wish, { recipe, source, views, isFresh, nowMs, writable })
  if (!allowDowntime) refuseDowntime(fleet, look, goal.manifest)
  if (goal.kind === 'deploy' && migration !== null) assertMigratable(views, migration)
  // Going back needs no room: a release that filled the disk is a reason for it.
  const rooms = goal.kind === 'deploy' ? await roomOf(fleet, views, { goal: goal.manifest.id, keep: order.keep }) : []
  assertRoom(fleet, rooms)
  const fromSha = presentSha(views)
  await company.onGoal(goal, fromSha)
  if (goal.kind === 'rollback')
    for (const left of migrationsLeft(views, goal.manifest)) warn(fleet, migrationLeftText(left))
  return { goal, rooms }
}

function warn({ report }: Fleet, text: string): void {
  report({ type: 'note', level: 'warning', text })
}

/** What a deploy that went back by itself does not undo. */
function sayWhatStayed(fleet: Fleet, { command }: Migration, { kind }: Outcome): void {
  if (kind !== 'rolled back' && kind !== 'incomplete') return
  warn(
    fleet,
    `the migration \`${command}\` was run, and is not undone: a host that is back on its release meets its database`,
  )
}

interface Going extends Deploying, Resolved {
  readonly look: Look
  readonly journal: FleetJournal
  readonly tell: (end: End) => void
}

async function roll(going: Going): Promise<End> {
  const { fleet, order, company, look, goal, journal } = going
  const { interruption } = company
  const policy = order.answers === null ? order.policy : saidYes(order.policy, look.views, goal.manifest.id)
  const start = planRollout(fleet, look.views, { goal: goal.manifest.id, policy, view: look.view })
  const rehearsal = rehearse(start.plan, start.observed).outcome
  const isUnchanged = rehearsal.kind === 'unchanged'
  if (!isUnchanged && rehearsal.kind !== 'deployed') throw cannotRoll(rehearsal)
  // Where nothing is to be done there is nothing to tell, but that what was cut off has come to its end.
  if (!isUnchanged || look.cutOff !== null) await interruption.orStop(journal.begin(goal, look.views))
  if (goal.kind === 'deploy') {
    if (!isUnchanged) await prepare(going)
    // Where no host has to move, only who says `--migrate` means it.
    if (order.migration !== null && (!isUnchanged || order.migration.answer !== null))
      await migrateToTheEnd(going, order.migration)
  }
  if (isUnchanged) return { ...ended(begin(start.plan, start.observed)), outMs: {} }
  // A build may have taken minutes: the rollout begins with what is so now.
  const observed = await interruption.orStop(observe(fleet, start.observed, 'unhurried'))
  return rollOut({ ...going, ...company, by: order.by }, { ...start, observed })
}

/** Not to be left half-way: an interruption waits for its end, and then stops. */
async function migrateToTheEnd(
  { fleet, lock, order, company, look, goal }: Going,
  migration: Migration,
): Promise<void> {
  const { interruption } = company
  interruption.onLeaving(() =>
    warn(fleet, 'the migration is left half-way: the next deploy asks what is to become of it'),
  )
  await interruption.orAfter(
    migrate({ fleet, lock, views: look.views, manifest: goal.manifest, by: order.by }, migration),
    () =>
      warn(
        fleet,
        'interrupted: the migration is waited for, and then nothing more is begun; once more leaves it half-way',
      ),
  )
  interruption.onLeaving(() => undefined)
}

async function prepare({ fleet, lock, order, company, look, goal: { manifest }, rooms }: Going): Promise<void> {
  const { interruption } = company
  await orAborted(interruption, (signal) => company.beforePrepare(manifest, signal))
  const { source, uploads, isFresh, onFirst, before } = order
  const preparation = { manifest, source, uploads, isFresh, onFirst, before }
  await orEnded({ fleet, lock, interruption }, (heard) =>
    prepareFleet({ fleet: heard, lock, by: order.by, views: look.views, rooms, preparation }),
  )
}

function cannotRoll({ failure }: Outcome): UserError {
  const why = failure ?? 'not every host would serve'
  return new UserError('preflight', `This rollout could not come to its end: ${why}. Nothing was changed.`, {
    hint: 'Put back a host that is out, mend one that does not answer, or lower rollout.min-serving or rollout.batch.',
  })
}

interface Finished {
  readonly end: End
  readonly goal: Goal
  readonly look: Look
  readonly exitCode: ExitCode
  readonly tookMs: number
}

function finished({ end, goal, look, exitCode, tookMs }: Finished): Report {
  return {
    type: 'finished',
    command: goal.kind,
    outcome: end.outcome,
    exitCode,
    fromSha: presentSha(look.views),
    toSha: goal.manifest.sha,
    tookMs,
    outMs: end.outMs,
  }
}
