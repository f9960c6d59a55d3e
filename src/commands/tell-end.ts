/** `post-deploy-local` and `on-failure-local`: somebody is told how a deploy ended, from what was reported of it. */
import type { EnvironmentConfig } from '../config/types.ts'
import { UserError } from '../errors.ts'
import type { Outcome } from '../rollout/model.ts'
import type { ExitCode, Report } from '../rollout/report.ts'
import type { CommandContext } from './context.ts'
import { runLocally, type Told } from './local-hooks.ts'

export interface Seen {
  resolved: Extract<Report, { type: 'resolved' }> | null
  finished: Extract<Report, { type: 'finished' }> | null
  /** A step was begun that a user could feel. */
  touched: boolean
}

/** The same surroundings, where what is reported is taken down. */
export function watching(context: CommandContext): { readonly context: CommandContext; readonly seen: Seen } {
  const seen: Seen = { resolved: null, finished: null, touched: false }
  const report = (event: Report): void => {
    if (event.type === 'resolved') seen.resolved = event
    if (event.type === 'finished') seen.finished = event
    if (event.type === 'step') seen.touched ||= event.step !== 'prepare' && event.step !== 'migrate'
    context.report(event)
  }
  return { context: { ...context, report }, seen }
}

/** How it ended: with the exit code of what is in `seen.finished`, or with an error, before there was anything to finish. */
export type Ending = { readonly exitCode: ExitCode } | { readonly error: unknown }

export interface TellingEnd {
  readonly config: EnvironmentConfig
  readonly context: CommandContext
  readonly seen: Seen
  readonly command: 'deploy' | 'rollback'
  readonly by: string
  readonly tookMs: number
}

/**
 * Runs what the configuration has for such an end. Resolves with the exit code, which a `post-deploy-local` that fails
 * makes 4: the deploy ended well, and someone should look all the same. Never rejects for a hook.
 */
export async function tellEnd(telling: TellingEnd, ending: Ending): Promise<ExitCode> {
  const { config, context } = telling
  const exitCode = 'exitCode' in ending ? ending.exitCode : exitCodeOf(ending.error, telling.seen)
  const isWell = exitCode === 0
  const interrupted = new AbortController()
  context.onInterrupt(() => interrupted.abort())
  const hook = { told: toldOf(telling, ending, exitCode), config, context, signal: interrupted.signal }
  try {
    if (isWell) await runLocally({ ...hook, key: 'post-deploy-local', commands: config.hooks.postDeployLocal })
    else await runLocally({ ...hook, key: 'on-failure-local', commands: config.hooks.onFailureLocal })
    return exitCode
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const { message, output } = error
    const said = output === undefined || output === '' ? {} : { output }
    if (!isWell) {
      context.report({ type: 'note', level: 'warning', text: [message, ...Object.values(said)].join('\n') })
      return exitCode
    }
    const hint =
      'The deploy itself ended well, and nothing of it is undone. Run again, it is `unchanged`, and this hook is run again.'
    context.report({ type: 'error', code: error.code, message, hint, ...said, exitCode: hookFailed })
    return hookFailed
  }
}

const hookFailed: ExitCode = 4

function exitCodeOf(error: unknown, { touched }: Seen): ExitCode {
  if (touched) return 4
  const code = error instanceof UserError ? error.code : null
  if (code === 'interrupted') return 130
  return code === 'locked' ? 5 : 1
}

function toldOf({ seen, command, by, tookMs }: TellingEnd, ending: Ending, exitCode: ExitCode): Told {
  const outcome = seen.finished?.outcome ?? null
  const failure = 'error' in ending ? messageOf(ending.error) : (outcome?.failure ?? '')
  return {
    ZDR_COMMAND: command,
    ZDR_BY: by,
    ZDR_REF: seen.resolved?.ref ?? '',
    ZDR_SHA: seen.resolved?.sha ?? '',
    ZDR_PREVIOUS_SHA: seen.resolved?.from ?? '',
    ZDR_RELEASE: seen.resolved?.release ?? '',
    ZDR_OUTCOME: outcomeWord(outcome, exitCode),
    ZDR_EXIT_CODE: String(exitCode),
    ZDR_FAILURE: failure,
    ZDR_SECONDS: String(Math.round(tookMs / 1_000)),
    ZDR_HOSTS: JSON.stringify(outcome?.hosts ?? []),
  }
}

/** An error ended it before there was an outcome. */
function outcomeWord(outcome: Outcome | null, exitCode: ExitCode): string {
  if (outcome !== null) return outcome.kind
  if (exitCode === 130) return 'interrupted'
  return exitCode === 4 ? 'incomplete' : 'failed'
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
