/** `zdr-deploy production plan`: the same deploy up to its first change, and then the rollout with every move answered "done". */
import type { EnvironmentConfig } from '../config/types.ts'
import { systemClock } from '../engine/clock.ts'
import { planRollout, type Start } from '../engine/plan.ts'
import type { HostAtStart } from '../rollout/model.ts'
import { rehearse } from '../rollout/rehearse.ts'
import type { ExitCode, PlannedHost } from '../rollout/report.ts'
import { announceCommit } from './announce.ts'
import type { Invocation } from './arguments.ts'
import type { Command, CommandContext } from './context.ts'
import { begin } from './environment.ts'
import { type OpenFleet, openFleet } from './fleet.ts'
import { findGoal, presentSha } from './goal.ts'
import { preflight, refuseDowntime } from './look.ts'

type Plan = Extract<Invocation, { verb: 'plan' }>

export const run: Command<'plan'> = async (invocation, context) => {
  const config = await begin(invocation, context, 'plan')
  const open = await openFleet(config, context, { isGoingBack: invocation.goal.kind === 'release' })
  try {
    return await plan(invocation, { config, context, open })
  } finally {
    await open.close()
  }
}

interface Planning {
  readonly config: EnvironmentConfig
  readonly context: CommandContext
  readonly open: OpenFleet
}

async function plan({ goal: wish, allowDowntime }: Plan, { config, context, open }: Planning): Promise<ExitCode> {
  const { views, view } = await preflight(open, { config, context })
  context.report({ type: 'phase', phase: 'resolve' })
  const goal = await findGoal(wish, { config, views, nowMs: systemClock.now(), hostFor: async ({ host }) => host })
  if (!allowDowntime) refuseDowntime(open.fleet, { views, goal: goal.manifest })
  const from = presentSha(views)
  await announceCommit(context, { goal, fromSha: from })
  const { manifest } = goal
  const start = planRollout(open.fleet, views, { goal: manifest.id, policy: config.rollout, view })
  const { batches, outcome } = rehearse(start.plan, start.observed)
  context.report({
    type: 'plan',
    sha: manifest.sha,
    from,
    release: manifest.id,
    batches,
    minServing: start.plan.minServing,
    hosts: start.plan.hosts.map((host) => plannedHost(host, start)),
    prepare: goal.kind === 'deploy' ? manifest.prepare : [],
    activate: manifest.activate,
    reason:
      goal.kind === 'deploy'
        ? config.split.reason
        : 'the release is there: nothing is prepared, and its own commands are run',
  })
  if (outcome.kind === 'deployed' || outcome.kind === 'unchanged') return 0
  context.report({
    type: 'note',
    level: 'warning',
    text: `this rollout could not come to its end: ${outcome.failure ?? 'not every host would serve'}`,
  })
  return 1
}

function plannedHost({ host, from, runs }: HostAtStart, { plan, observed }: Start): PlannedHost {
  const byHand = observed.byHand.includes(host)
  const isInPlace = byHand || !plan.rotation || !observed.out.includes(host)
  if (runs === plan.goal && isInPlace) return { host, from, what: 'leave alone' }
  return { host, from, what: byHand ? 'roll, stays out' : 'roll' }
}
