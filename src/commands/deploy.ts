/** `zdr-deploy production`: look, prepare, roll, settle. Going back with --rollback is the same, with an old release as its goal. */
import { systemClock } from '../engine/clock.ts'
import type { Machine } from '../engine/fleet.ts'
import { takeLock } from '../engine/lock.ts'
import { observe } from '../engine/observe.ts'
import { planRollout } from '../engine/plan.ts'
import { UserError } from '../errors.ts'
import type { Host } from '../hosts/host.ts'
import { begin as beginRollout } from '../rollout/apply.ts'
import type { Outcome } from '../rollout/model.ts'
import { rehearse } from '../rollout/rehearse.ts'
import type { ExitCode } from '../rollout/report.ts'
import { announceCommit } from './announce.ts'
import type { Command } from './context.ts'
import { commandName, commandText, type Deploying, ownerOf } from './deploying.ts'
import { begin } from './environment.ts'
import { openFleet } from './fleet.ts'
import { findGoal, presentSha } from './goal.ts'
import { interruptible } from './interruption.ts'
import { preflight, refuseDowntime } from './look.ts'
import { prepare } from './prepare.ts'
import { finish, rollOut } from './roll-out.ts'

export const run: Command<'deploy'> = async (invocation, context) => {
  const startedMs = systemClock.now()
  const config = await begin(invocation, context, commandName(invocation.goal))
  const interruption = interruptible(context)
  const open = await interruption.orStop(
    openFleet(config, context, { isGoingBack: invocation.goal.kind === 'release' }),
  )
  try {
    // A folder that cannot be written to cannot hold the lock either: then all that is wrong is told instead.
    if (open.failed.length > 0 || open.findings.some(({ weight }) => weight === 'error'))
      await interruption.orStop(preflight(open, { config, context }))
    context.report({ type: 'phase', phase: 'lock' })
    const owner = ownerOf(commandText(config, invocation.goal))
    const lock = await interruption.orStop(takeLock(open.fleet.machines, owner, systemClock))
    try {
      return await deploy({ invocation, config, context, open, lock, interruption, startedMs })
    } finally {
      await lock.release()
    }
  } finally {
    await open.close()
  }
}

async function deploy(deploying: Deploying): Promise<ExitCode> {
  const { invocation, config, context, open, lock, interruption } = deploying
  const { fleet } = open
  const look = await interruption.orStop(preflight(open, { config, context }))
  const { views, view } = look
  context.report({ type: 'phase', phase: 'resolve' })
  const hostFor = (machine: Machine): Promise<Host> => lock.guarded(machine)
  const goal = await interruption.orStop(
    findGoal(invocation.goal, { config, views, nowMs: systemClock.now(), hostFor }),
  )
  if (!invocation.allowDowntime) refuseDowntime(fleet, { views, goal: goal.manifest })
  await announceCommit(context, { goal, fromSha: presentSha(views) })
  const start = planRollout(fleet, views, { goal: goal.manifest.id, policy: config.rollout, view })
  const rehearsal = rehearse(start.plan, start.observed).outcome
  if (rehearsal.kind === 'unchanged')
    return finish(deploying, { look, goal, rollout: beginRollout(start.plan, start.observed), outMs: {} })
  if (rehearsal.kind !== 'deployed') throw cannotRoll(rehearsal)
  if (goal.kind === 'deploy') await interruption.orStop(prepare(deploying, look, goal.manifest))
  // A build may have taken minutes: the rollout begins with what is so now.
  const observed = await interruption.orStop(observe(fleet, start.observed))
  return rollOut(deploying, { look, goal, start: { ...start, observed } })
}

function cannotRoll({ failure }: Outcome): UserError {
  const why = failure ?? 'not every host would serve'
  return new UserError('preflight', `This rollout could not come to its end: ${why}. Nothing was changed.`, {
    hint: 'Put back a host that is out, mend one that does not answer, or lower rollout.min-serving or rollout.batch.',
  })
}
