/** Rolls the release over the fleet, settles, and says how it ended. */
import { systemClock } from '../engine/clock.ts'
import { perform } from '../engine/perform.ts'
import type { Start } from '../engine/plan.ts'
import { reportRollout } from '../engine/reporting.ts'
import { roll } from '../engine/roll.ts'
import { settle } from '../engine/settle.ts'
import type { Manifest } from '../hosts/history.ts'
import { begin } from '../rollout/apply.ts'
import type { HostName, Outcome, Rollout } from '../rollout/model.ts'
import { outcome } from '../rollout/outcome.ts'
import type { ExitCode } from '../rollout/report.ts'
import { commandName, type Deploying, who } from './deploying.ts'
import { exitCodeOf } from './exit-code.ts'
import { type Goal, presentSha } from './goal.ts'
import type { Look } from './look.ts'

export interface Rolling {
  readonly look: Look
  readonly goal: Goal
  readonly start: Start
}

export async function rollOut(deploying: Deploying, { look, goal, start }: Rolling): Promise<ExitCode> {
  const { open, lock, context, interruption } = deploying
  const { fleet } = open
  context.report({ type: 'phase', phase: 'roll' })
  const reporting = reportRollout(context.report, systemClock, fleet.machines.length)
  const performing = {
    fleet,
    lock,
    manifests: manifestsByHost(look, goal.manifest),
    replaced: new Map<HostName, ReadonlySet<number>>(),
  }
  let latest: Rollout = begin(start.plan, start.observed)
  const endOf = (rollout: Rollout): End => ({ look, goal, rollout, outMs: reporting.outMs() })
  interruption.onLeaving(() => {
    tell(deploying, endOf(latest), { ...outcome(latest), kind: 'interrupted' })
  })
  const rollout = await roll(start, {
    fleet,
    perform: (action, state) => perform(performing, action, state),
    onEvent: (event, state, log) => {
      latest = state
      reporting.onEvent(event, state, log)
    },
    onInterrupt: (interrupt) => interruption.onInterrupt(interrupt),
  })
  interruption.onLeaving(() => {
    tell(deploying, endOf(rollout), outcome(rollout))
  })
  return finish(deploying, endOf(rollout))
}

function manifestsByHost({ views }: Look, goal: Manifest): ReadonlyMap<HostName, Map<string, Manifest>> {
  return new Map(
    views.map(({ machine, inspection }) => {
      const known = inspection.manifests.map((manifest) => [manifest.id, manifest] as const)
      return [machine.name, new Map([[goal.id, goal], ...known])] as const
    }),
  )
}

export interface End {
  readonly look: Look
  readonly goal: Goal
  readonly rollout: Rollout
  /** How long each host was out of rotation. */
  readonly outMs: Readonly<Record<HostName, number>>
}

/** Where every host was verified, that is written down and old releases go. Says the outcome in each case. */
export async function finish(deploying: Deploying, end: End): Promise<ExitCode> {
  const { open, lock, config, context } = deploying
  const { goal, rollout } = end
  const result = outcome(rollout)
  const isDone = result.kind === 'deployed' || result.kind === 'unchanged'
  if (isDone || result.kind === 'rolled back') {
    context.report({ type: 'phase', phase: 'settle' })
    const { id, sha } = goal.manifest
    const entry = { at: new Date(systemClock.now()).toISOString(), release: id, sha, kind: goal.kind, by: who() }
    await settle({ fleet: open.fleet, lock, keep: config.keepReleases }, isDone ? entry : null)
  }
  return tell(deploying, end, result)
}

function tell(
  { context, invocation, startedMs }: Deploying,
  { look, goal, rollout, outMs }: End,
  result: Outcome,
): ExitCode {
  const exitCode = exitCodeOf(result, { changed: rollout.changed })
  context.report({
    type: 'finished',
    command: commandName(invocation.goal),
    outcome: result,
    exitCode,
    fromSha: presentSha(look.views),
    toSha: goal.manifest.sha,
    tookMs: systemClock.now() - startedMs,
    outMs,
  })
  return exitCode
}
