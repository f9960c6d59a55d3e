/** What a rehearsed deploy would do, for people. */
import type { EnvironmentConfig } from '../config/types.ts'
import { type Goal, presentSha } from '../engine/goal.ts'
import type { Look } from '../engine/look.ts'
import {
  type Migration,
  migrationLeftText,
  migrationState,
  migrationsCutOff,
  migrationsLeft,
} from '../engine/migrate.ts'
import type { Order } from '../engine/order.ts'
import { spanText } from '../engine/pause.ts'
import type { Start } from '../engine/plan.ts'
import { isFirst, isPrepared } from '../engine/prepare.ts'
import { isPlainInstall } from '../hosts/installs.ts'
import type { HostAtStart } from '../rollout/model.ts'
import type { Rehearsal } from '../rollout/rehearse.ts'
import type { HostRoom, PlannedHooks, PlannedHost, Report } from '../rollout/report.ts'

export interface Planned {
  readonly config: EnvironmentConfig
  readonly order: Pick<Order, 'migration' | 'isFresh'>
  readonly goal: Goal
  readonly look: Look
  readonly start: Start
  readonly rehearsal: Rehearsal
  readonly rooms: readonly HostRoom[]
}

type Note = Omit<Extract<Report, { type: 'note' }>, 'type'>

export function planReport(planned: Planned): Report {
  const { config, goal, look, start, rehearsal, rooms } = planned
  const { manifest } = goal
  const { plan } = start
  const isNew = goal.kind === 'deploy'
  return {
    type: 'plan',
    sha: manifest.sha,
    from: presentSha(look.views),
    release: manifest.id,
    batches: rehearsal.batches,
    cuts: config.rollout.cuts,
    minServing: plan.minServing,
    soakMs: plan.soak ? config.rollout.soakMs : 0,
    skipped: plan.skipped,
    hosts: plan.hosts.map((host) => plannedHost(host, start)),
    room: rooms,
    migrate: migrateText(planned),
    hooks: hooksOf(planned),
    shared: isNew ? sharedTexts(config) : [],
    prepare: isNew ? prepareTexts(manifest, planned.order) : [],
    activate: manifest.activate,
    reason: isNew ? config.split.reason : 'the release is there: nothing is prepared, and its own commands are run',
  }
}

function prepareTexts({ byLockfile, prepare }: Goal['manifest'], { isFresh }: Planned['order']): readonly string[] {
  const spared = isFresh ? '' : 'spared where a verified release has the same'
  const first = ['what the lockfile names is installed', ...(spared === '' ? [] : [spared])].join('; ')
  const texts = prepare.map((text) => (spared !== '' && isPlainInstall(text) ? `${text} (${spared})` : text))
  return byLockfile ? [`(${first})`, ...texts] : texts
}

/** As far as they would run: hosts that have the release already prepare nothing. */
function hooksOf({ config, goal, look: { views }, rehearsal }: Planned): PlannedHooks {
  const { preDeployLocal, preDeploy, postSetup, postDeployLocal } = config.hooks
  const isPreparing = goal.kind === 'deploy' && rehearsal.outcome.kind !== 'unchanged'
  const due = isPreparing ? views.filter((view) => !isPrepared(view, goal.manifest.id)) : []
  return {
    preDeployLocal: isPreparing ? preDeployLocal : [],
    preDeploy: due.length > 0 ? preDeploy : [],
    postSetup: due.some(isFirst) ? postSetup : [],
    postDeployLocal,
  }
}

/** Where each thing comes from that a release does not have from the repository. */
function sharedTexts({ shared, uploads }: EnvironmentConfig): readonly string[] {
  return shared.map((path) => {
    const upload = uploads.find(({ to }) => to === path)
    return upload === undefined ? `${path} leads to $SHARED/${path}` : `${path} is a copy of ${upload.shown}`
  })
}

/** What a person should know beside it. */
export function planNotes(planned: Planned): readonly Note[] {
  const { goal, look, rehearsal } = planned
  const left = goal.kind === 'rollback' ? migrationsLeft(look.views, goal.manifest).map(migrationLeftText) : []
  const failure = `this rollout could not come to its end: ${rehearsal.outcome.failure ?? 'not every host would serve'}`
  return [
    ...policyTexts(planned).map((text): Note => ({ level: 'info', text })),
    ...[...left, ...(endsWell(planned) ? [] : [failure])].map((text): Note => ({ level: 'warning', text })),
  ]
}

export function endsWell({ rehearsal: { outcome } }: Pick<Planned, 'rehearsal'>): boolean {
  return outcome.kind === 'deployed' || outcome.kind === 'unchanged'
}

/** What becomes of a no, and of a failure, where that is not what most would expect. */
function policyTexts({ config, start, rehearsal }: Planned): readonly string[] {
  const { pauseTimeoutMs } = config.rollout
  const pauses = rehearsal.batches.some(({ pause }) => pause)
  const stops = start.plan.onFailure === 'stop' && rehearsal.batches.length > 0
  return [
    ...(pauses
      ? [`a pause waits ${spanText(pauseTimeoutMs)} for a yes; no answer is a no, and a no is a failure`]
      : []),
    ...(stops ? ['on-failure is `stop`: a host that fails goes back, those updated before it stay'] : []),
  ]
}

/** What becomes of `migrate`; null where there is none. For hosts that all have the release already, none is run unless somebody says so. */
function migrateText({ order: { migration }, goal, look, rehearsal }: Planned): string | null {
  if (goal.kind !== 'deploy' || migration === null) return null
  if (rehearsal.outcome.kind === 'unchanged' && migration.answer === null) return null
  return migrationText(migration, look, goal.manifest.sha)
}

function migrationText({ command, answer }: Migration, { views }: Look, sha: string): string {
  const once = `${command}, once, on ${views[0]?.machine.name ?? 'the first host'}`
  if (answer === 'again') return `${once}, whether it was run before or not`
  const state = migrationState(views, { sha, command })
  switch (state.kind) {
    case 'due':
      // `done` may be said of one that was cut off in another commit: then this one is due all the same.
      return answer === 'done' && migrationsCutOff(views).length === 0 ? countsAsDone(command) : once
    case 'done':
      return `${command}: was run at ${state.last.at}, and is not run again`
    case 'cut off':
      return answer === 'done'
        ? countsAsDone(command)
        : `${command}: was cut off at ${state.last.at}; the deploy will ask for --migrate again or --migrate done`
  }
}

function countsAsDone(command: string): string {
  return `${command}: counts as done, and is not run`
}

function plannedHost({ host, from, runs }: HostAtStart, { plan, observed }: Start): PlannedHost {
  if (plan.skipped.includes(host)) return { host, from: null, what: 'skip' }
  const byHand = observed.byHand.includes(host)
  const isInPlace = byHand || !plan.rotation || !observed.out.includes(host)
  if (runs === plan.goal && isInPlace) return { host, from, what: 'leave alone' }
  return { host, from, what: byHand ? 'roll, stays out' : 'roll' }
}
