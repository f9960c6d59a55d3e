/** `zdr-deploy production`: look, prepare, roll, settle. Going back with --rollback is the same, with an old release as its goal. */
import { systemClock } from '../engine/clock.ts'
import { deploy } from '../engine/deploy.ts'
import { interruptible } from '../engine/interruption.ts'
import { takeLock } from '../engine/lock.ts'
import { preflight } from '../engine/look.ts'
import { announceCommit } from './announce.ts'
import { personBeside } from './ask-person.ts'
import type { Command } from './context.ts'
import { commandName, commandText, ownerOf } from './deploying.ts'
import { begin } from './environment.ts'
import { openFleet } from './fleet.ts'
import { runLocally } from './local-hooks.ts'
import { orderOf } from './order.ts'

export const run: Command<'deploy'> = async (invocation, context) => {
  const startedMs = systemClock.now()
  const config = await begin(invocation, context, commandName(invocation.goal))
  const interruption = interruptible(context.onInterrupt)
  const isGoingBack = invocation.goal.kind === 'release'
  const { fleet, findings, close } = await interruption.orStop(
    openFleet(config, context, { isGoingBack, skip: invocation.skip }),
  )
  try {
    // A folder that cannot be written to cannot hold the lock either: then all that is wrong is told instead.
    if (findings.some(({ weight }) => weight === 'error')) await interruption.orStop(preflight(fleet, findings))
    context.report({ type: 'phase', phase: 'lock' })
    const owner = ownerOf(commandText(config, invocation.goal))
    const lock = await interruption.orStop(takeLock(fleet.machines, owner, systemClock))
    try {
      return await deploy({
        fleet,
        lock,
        order: orderOf(config, invocation),
        company: {
          startedMs,
          interruption,
          findings,
          askPerson: personBeside(context),
          onGoal: (goal, fromSha) => announceCommit(context, { goal, fromSha }),
          beforePrepare: (manifest) => runLocally(config.hooks.preDeployLocal, { config, manifest, context }),
        },
      })
    } finally {
      await lock.release()
    }
  } finally {
    await close()
  }
}
