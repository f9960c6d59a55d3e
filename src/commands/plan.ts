/** `zdr-deploy production plan`: the same deploy up to its first change, and then the rollout with every move answered "done". */
import type { EnvironmentConfig } from '../config/types.ts'
import { systemClock } from '../engine/clock.ts'
import { findGoal, presentSha } from '../engine/goal.ts'
import { foresee, refuseDowntime, refuseErrors } from '../engine/look.ts'
import { assertMigratable } from '../engine/migrate.ts'
import { planRollout } from '../engine/plan.ts'
import { assertRoom, roomOf } from '../engine/room.ts'
import type { Upload } from '../hosts/sharing.ts'
import { rehearse } from '../rollout/rehearse.ts'
import type { ExitCode } from '../rollout/report.ts'
import { announceCommit } from './announce.ts'
import type { Invocation } from './arguments.ts'
import type { Command, CommandContext } from './context.ts'
import { begin } from './environment.ts'
import { type OpenFleet, openFleet } from './fleet.ts'
import { orderOf } from './order.ts'
import { endsWell, type Planned, planNotes, planReport } from './planned.ts'
import { lackingBefore, readUploads } from './shared-files.ts'

type Plan = Extract<Invocation, { verb: 'plan' }>

export const run: Command<'plan'> = async (invocation, context) => {
  const config = await begin(invocation, context, 'plan')
  const isGoingBack = invocation.goal.kind === 'release'
  const uploads = isGoingBack ? [] : await readUploads(config)
  const open = await openFleet(config, context, { isGoingBack, skip: invocation.skip })
  try {
    return await plan(invocation, { config, context, open, uploads })
  } finally {
    await open.close()
  }
}

export interface Planning {
  readonly config: EnvironmentConfig
  readonly context: CommandContext
  readonly open: Pick<OpenFleet, 'fleet' | 'findings'>
  readonly uploads: readonly Upload[]
}

/** Resolves with 1 where a deploy could not come to its end, and rejects with what would stop it before it begins. */
export async function plan(
  invocation: Plan,
  { config, context, open: { fleet, findings: connecting }, uploads }: Planning,
): Promise<ExitCode> {
  const lacking = invocation.goal.kind === 'release' ? [] : await lackingBefore(config, fleet)
  const { look, findings } = await foresee(fleet, [...connecting, ...lacking])
  const { views, view } = look
  context.report({ type: 'phase', phase: 'resolve' })
  const order = orderOf(config, invocation, uploads)
  const { wish, recipe, source, isFresh, policy, migration } = order
  const nowMs = systemClock.now()
  const goal = await findGoal(wish, { recipe, source, views, isFresh, nowMs, writable: async (machine) => machine })
  if (!invocation.allowDowntime) refuseDowntime(fleet, look, goal.manifest)
  await announceCommit(context, { config, goal, fromSha: presentSha(views) })
  const start = planRollout(fleet, views, { goal: goal.manifest.id, policy, view })
  const rehearsal = rehearse(start.plan, start.observed)
  const wanted = { goal: goal.manifest.id, keep: order.keep }
  const rooms = goal.kind === 'deploy' ? await roomOf(fleet, views, wanted) : []
  const planned: Planned = { config, order, goal, look, start, rehearsal, rooms }
  context.report(planReport(planned))
  for (const note of planNotes(planned)) context.report({ type: 'note', ...note })
  refuseErrors(findings)
  assertRoom(fleet, rooms)
  if (goal.kind === 'deploy' && migration !== null) assertMigratable(views, migration)
  return endsWell(planned) ? 0 : 1
}
