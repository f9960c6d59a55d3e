/** `zdr-deploy production`: look, prepare, roll, settle. Going back with --rollback is the same, with an old release as its goal. */
import { randomBytes } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import { loadEnvironment } from '../config/load.ts'
import type { EnvironmentConfig } from '../config/types.ts'
import { systemClock } from '../engine/clock.ts'
import { everywhere } from '../engine/everywhere.ts'
import { type FleetLock, takeLock } from '../engine/lock.ts'
import { perform } from '../engine/perform.ts'
import { planRollout, type Start } from '../engine/plan.ts'
import { isPrepared, prepareHost } from '../engine/prepare.ts'
import { type Reporting, reportRollout } from '../engine/reporting.ts'
import { roll } from '../engine/roll.ts'
import { settle } from '../engine/settle.ts'
import { UserError } from '../errors.ts'
import type { Manifest } from '../hosts/history.ts'
import type { LockOwner } from '../hosts/lock.ts'
import { begin } from '../rollout/apply.ts'
import type { HostName, Outcome, Rollout } from '../rollout/model.ts'
import { outcome } from '../rollout/outcome.ts'
import { rehearse } from '../rollout/rehearse.ts'
import type { ExitCode } from '../rollout/report.ts'
import { announceCommit } from './announce.ts'
import type { Invocation, Goal as Wish } from './arguments.ts'
import type { Command, CommandContext } from './context.ts'
import { exitCodeOf } from './exit-code.ts'
import { type OpenFleet, openFleet } from './fleet.ts'
import { findGoal, type Goal, presentSha } from './goal.ts'
import { type Interruption, interruptible } from './interruption.ts'
import { runLocally } from './local-hooks.ts'
import { type Look, preflight, refuseDowntime } from './look.ts'

type Deploy = Extract<Invocation, { verb: 'deploy' }>

export const run: Command<'deploy'> = async (invocation, context) => {
  const startedMs = systemClock.now()
  const { environment, configFile, goal } = invocation
  const ref = goal.kind === 'ref' && goal.ref !== null ? { overrides: { ref: goal.ref } } : {}
  const config = await loadEnvironment({
    cwd: context.cwd,
    environment,
    ...(configFile === null ? {} : { file: configFile }),
    ...ref,
  })
  context.report({
    type: 'started',
    command: commandName(goal),
    environment,
    hosts: config.hosts.map(({ name }) => name),
  })
  const interruption = interruptible(context)
  const open = await interruption.orStop(openFleet(config, context, { tolerant: false }))
  try {
    context.report({ type: 'phase', phase: 'lock' })
    const lock = await interruption.orStop(takeLock(open.fleet.machines, ownerOf(config, goal), systemClock))
    try {
      return await deploy({ invocation, config, context, open, lock, interruption, startedMs })
    } finally {
      await lock.release()
    }
  } finally {
    await open.close()
  }
}

interface Deploying {
  readonly invocation: Deploy
  readonly config: EnvironmentConfig
  readonly context: CommandContext
  readonly open: OpenFleet
  readonly lock: FleetLock
  readonly interruption: Interruption
  readonly startedMs: number
}

async function deploy(deploying: Deploying): Promise<ExitCode> {
  const { invocation, config, context, open, lock, interruption } = deploying
  const look = await interruption.orStop(preflight(open, { config, context }))
  context.report({ type: 'phase', phase: 'resolve' })
  const goal = await interruption.orStop(
    findGoal(invocation.goal, {
      config,
      views: look.views,
      nowMs: systemClock.now(),
      hostFor: (machine) => lock.guarded(machine),
    }),
  )
  if (!invocation.allowDowntime) refuseDowntime(open.fleet, { views: look.views, goal: goal.manifest })
  await announceCommit(context, { goal, fromSha: presentSha(look.views) })
  const start = planRollout(open.fleet, look.views, { goal: goal.manifest.id, policy: config.rollout, view: look.view })
  const rehearsal = rehearse(start.plan, start.observed).outcome
  if (rehearsal.kind !== 'deployed' && rehearsal.kind !== 'unchanged') throw cannotRoll(rehearsal)
  if (rehearsal.kind === 'unchanged')
    return finish(deploying, { look, goal, rollout: begin(start.plan, start.observed), outMs: {} })
  if (goal.kind === 'deploy') await interruption.orStop(prepare(deploying, look, goal.manifest))
  return rollOut(deploying, { look, goal, start })
}

function cannotRoll({ failure }: Outcome): UserError {
  return new UserError(
    'preflight',
    `This rollout could not come to its end: ${failure ?? 'not every host would serve'}. Nothing was changed.`,
    {
      hint: 'Put back a host that is out, mend one that does not answer, or lower rollout.min-serving or rollout.batch.',
    },
  )
}

/** On every host at once, beside the running app. Rejects where one of them fails: then no host is rolled. */
async function prepare({ config, context, lock }: Deploying, { views }: Look, manifest: Manifest): Promise<void> {
  const { report } = context
  await runLocally(config.hooks.preDeployLocal, { config, manifest, context })
  report({ type: 'phase', phase: 'prepare' })
  const due = views.filter((view) => !isPrepared(view, manifest.id))
  const settled = await everywhere(due, async (view) => {
    const host = view.machine.name
    const common = { type: 'step', hosts: [host], step: 'prepare', release: manifest.id, back: false } as const
    const startedMs = systemClock.now()
    report({ ...common, state: 'started' })
    try {
      const onLine = (line: string): void => report({ type: 'output', host, line })
      const { repo, depth, hooks } = config
      const preparation = {
        manifest,
        source: { repo, depth },
        onFirst: hooks.postSetup,
        before: hooks.preDeploy,
        onLine,
      }
      await prepareHost(view, await lock.guarded(view.machine), preparation)
      report({ ...common, state: 'done', tookMs: systemClock.now() - startedMs })
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      const log = error.output === undefined ? {} : { log: error.output }
      report({ ...common, state: 'failed', tookMs: systemClock.now() - startedMs, reason: error.message, ...log })
      throw error
    }
  })
  const failed = settled.flatMap((each) => (each.ok ? [] : [each]))
  const [first] = failed
  if (first === undefined) return
  const names = failed.map(({ item }) => item.machine.name).join(', ')
  const hint = first.error.hint === undefined ? {} : { hint: first.error.hint }
  throw new UserError(
    'host-command',
    `The release could not be prepared on ${names}. The app was not touched anywhere.`,
    { ...hint, cause: first.error },
  )
}

async function rollOut(
  deploying: Deploying,
  { look, goal, start }: { readonly look: Look; readonly goal: Goal; readonly start: Start },
): Promise<ExitCode> {
  const { open, lock, context, interruption } = deploying
  const { fleet } = open
  context.report({ type: 'phase', phase: 'roll' })
  const reporting = reportRollout(context.report, systemClock, fleet.machines.length)
  const performing = {
    fleet,
    lock,
    byHand: look.view.byHand,
    manifests: manifestsByHost(look, goal.manifest),
    replaced: new Map<HostName, ReadonlySet<number>>(),
  }
  let latest: Rollout = begin(start.plan, start.observed)
  interruption.onLeaving(() => reportEnd(deploying, { look, goal, rollout: latest, reporting }))
  const rollout = await roll(start, {
    fleet,
    perform: (action, state) => perform(performing, action, state),
    onEvent: (event, state, log) => {
      latest = state
      reporting.onEvent(event, state, log)
    },
    onInterrupt: (interrupt) => interruption.onInterrupt(interrupt),
  })
  return finish(deploying, { look, goal, rollout, outMs: reporting.outMs() })
}

function manifestsByHost({ views }: Look, goal: Manifest): ReadonlyMap<HostName, Map<string, Manifest>> {
  return new Map(
    views.map(({ machine, inspection }) => {
      const known = inspection.manifests.map((manifest) => [manifest.id, manifest] as const)
      return [machine.name, new Map([[goal.id, goal], ...known])] as const
    }),
  )
}

interface End {
  readonly look: Look
  readonly goal: Goal
  readonly rollout: Rollout
  readonly outMs: Readonly<Record<HostName, number>>
}

async function finish(deploying: Deploying, { look, goal, rollout, outMs }: End): Promise<ExitCode> {
  const { open, lock, config } = deploying
  const end = outcome(rollout)
  if (end.kind === 'deployed' || end.kind === 'unchanged') {
    deploying.context.report({ type: 'phase', phase: 'settle' })
    const { id, sha } = goal.manifest
    const entry = { at: new Date(systemClock.now()).toISOString(), release: id, sha, kind: goal.kind, by: who() }
    await settle({ fleet: open.fleet, lock, views: look.views, keep: config.keepReleases }, entry)
  }
  return report(deploying, { end, rollout, outMs, shas: { from: presentSha(look.views), to: goal.manifest.sha } })
}

function reportEnd(
  deploying: Deploying,
  { look, goal, rollout, reporting }: Omit<End, 'outMs'> & { readonly reporting: Reporting },
): void {
  const end: Outcome = { ...outcome(rollout), kind: 'interrupted' }
  report(deploying, {
    end,
    rollout,
    outMs: reporting.outMs(),
    shas: { from: presentSha(look.views), to: goal.manifest.sha },
  })
}

interface Ending {
  readonly end: Outcome
  readonly rollout: Rollout
  readonly outMs: Readonly<Record<HostName, number>>
  readonly shas: { readonly from: string | null; readonly to: string }
}

function report({ context, invocation, startedMs }: Deploying, { end, rollout, outMs, shas }: Ending): ExitCode {
  const exitCode = exitCodeOf(end, { changed: rollout.changed })
  const tookMs = systemClock.now() - startedMs
  context.report({
    type: 'finished',
    command: commandName(invocation.goal),
    outcome: end,
    exitCode,
    fromSha: shas.from,
    toSha: shas.to,
    tookMs,
    outMs,
  })
  return exitCode
}

function commandName(goal: Wish): string {
  return goal.kind === 'ref' ? 'deploy' : 'rollback'
}

function ownerOf(config: EnvironmentConfig, goal: Wish): LockOwner {
  const what = goal.kind === 'ref' ? `deploy ${config.environment} ${config.ref}` : `rollback ${config.environment}`
  return {
    token: randomBytes(12).toString('hex'),
    by: who(),
    pid: process.pid,
    since: new Date(systemClock.now()).toISOString(),
    command: what,
  }
}

function who(): string {
  return `${userInfo().username}@${hostname()}`
}
