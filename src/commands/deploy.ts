/**
 * `zdr-deploy production`: look, prepare, roll, settle. Going back with --rollback is the same, with an old release as
 * its goal; so is going on with a deploy that was cut off, or taking it back.
 */
import type { EnvironmentConfig } from '../config/types.ts'
import { systemClock } from '../engine/clock.ts'
import { deploy } from '../engine/deploy.ts'
import { interruptible } from '../engine/interruption.ts'
import { type FleetLock, takeLock } from '../engine/lock.ts'
import { preflight } from '../engine/look.ts'
import { UserError } from '../errors.ts'
import type { Manifest } from '../hosts/history.ts'
import type { ExitCode } from '../rollout/report.ts'
import { announceCommit } from './announce.ts'
import type { Wishes } from './arguments.ts'
import { personBeside } from './ask-person.ts'
import type { Command, CommandContext } from './context.ts'
import { commandName, commandText, ownerOf, who } from './deploying.ts'
import { begin } from './environment.ts'
import { type OpenFleet, openFleet } from './fleet.ts'
import { type LocalHook, runLocally } from './local-hooks.ts'
import { orderOf } from './order.ts'
import { lackingBefore, readUploads } from './shared-files.ts'
import { takeOrStop } from './take-lock.ts'
import { type Ending, tellEnd, watching } from './tell-end.ts'

export const run: Command<'deploy'> = async (invocation, context) => {
  const startedMs = systemClock.now()
  const config = await begin(invocation, context, commandName(invocation.goal))
  const command = commandText(config, invocation.goal)
  const { skip } = invocation
  const open = (isGoingBack: boolean) => openFleet(config, context, { isGoingBack, skip })
  return roll(invocation, { config, context, startedMs, command, open, answers: null })
}

export interface Rolling {
  readonly config: EnvironmentConfig
  readonly context: CommandContext
  /** When the command began. */
  readonly startedMs: number
  /** As whoever comes second reads it. */
  readonly command: string
  /** Going back needs neither git nor room. */
  readonly open: (isGoingBack: boolean) => Promise<OpenFleet>
  /** See `Order`. */
  readonly answers: string | null
}

/** From the connections to the exit code. Whoever wants to be told of the end is told when nothing is held any more. */
export async function roll(wishes: Wishes, rolling: Rolling): Promise<ExitCode> {
  const { context, seen } = watching(rolling.context)
  const tell = (ending: Ending): Promise<ExitCode> => {
    const command = commandName(wishes.goal)
    const tookMs = systemClock.now() - rolling.startedMs
    return tellEnd({ ...rolling, seen, command, by: who(), tookMs }, ending)
  }
  try {
    const exitCode = await rollOver(wishes, { ...rolling, context })
    return tell({ exitCode })
  } catch (error) {
    await tell({ error })
    throw error
  }
}

async function rollOver(wishes: Wishes, rolling: Rolling): Promise<ExitCode> {
  const { config, context, startedMs, command, open, answers } = rolling
  const interruption = interruptible(context.onInterrupt)
  const isGoingBack = wishes.goal.kind === 'release'
  const uploads = isGoingBack ? [] : await readUploads(config)
  const opened = await interruption.orStop(open(isGoingBack))
  // Whoever opened it may have had another ear.
  const fleet = { ...opened.fleet, report: context.report }
  const { close } = opened
  try {
    const lacking = isGoingBack ? [] : await interruption.orStop(lackingBefore(config, fleet))
    const findings = [...opened.findings, ...lacking]
    // A folder that cannot be written to cannot hold the lock either: then all that is wrong is told instead.
    if (findings.some(({ weight }) => weight === 'error')) await interruption.orStop(preflight(fleet, findings))
    context.report({ type: 'phase', phase: 'lock' })
    const owner = ownerOf(command)
    const take = async (isWanted: () => boolean): Promise<FleetLock> => {
      try {
        return await takeLock(fleet, owner, { ...wishes, isWanted })
      } catch (error) {
        // What cannot be locked cannot be deployed to either: all that is wrong is told.
        const isHindered = error instanceof UserError && (error.code === 'preflight' || error.code === 'host-command')
        if (isHindered && isWanted()) await preflight(fleet, findings)
        throw error
      }
    }
    const lock = await takeOrStop(interruption, take)
    try {
      return await deploy({
        fleet,
        lock,
        order: { ...orderOf(config, wishes, uploads), answers },
        company: {
          startedMs,
          interruption,
          findings,
          askPerson: personBeside(context),
          onGoal: (goal, fromSha) => announceCommit(context, { config, goal, fromSha }),
          beforePrepare: (manifest, signal) => runBefore({ config, context, signal }, manifest),
        },
      })
    } finally {
      await lock.release()
    }
  } finally {
    await close()
  }
}

function runBefore(
  { config, context, signal }: Pick<LocalHook, 'signal'> & Pick<Rolling, 'config' | 'context'>,
  { id, sha, ref }: Manifest,
): Promise<void> {
  const told = { ZDR_SHA: sha, ZDR_REF: ref, ZDR_RELEASE: id }
  const commands = config.hooks.preDeployLocal
  return runLocally({ key: 'pre-deploy-local', commands, told, config, context, signal })
}
