/**
 * `zdr-deploy production exec <command>`: on all hosts at once, in the current release, with the env and the PATH of a
 * hook. It takes no lock: what it changes is the user's own matter.
 */
import type { Machine } from '../engine/fleet.ts'
import { interruptible } from '../engine/interruption.ts'
import { UserError } from '../errors.ts'
import type { CommandResult } from '../hosts/host.ts'
import { endText } from '../hosts/run-script.ts'
import type { ExitCode } from '../rollout/report.ts'
import type { Command, CommandContext } from './context.ts'
import { begin } from './environment.ts'
import { openHosts } from './open-hosts.ts'

/** Whoever watches a log ends it with Ctrl-C; this only ends what was forgotten. */
const limit = { timeoutMs: 24 * 3_600_000 }

export const run: Command<'exec'> = async (invocation, context) => {
  const config = await begin(invocation, context, 'exec')
  const interruption = interruptible(context.onInterrupt)
  const { machines, failed, close } = await interruption.orStop(openHosts(config, context))
  try {
    for (const { config: host, error } of failed)
      context.report({ type: 'ran', host: host.name, code: null, reason: error.message })
    return await execute({
      machines,
      unreached: failed.map(({ error }) => error.message),
      command: invocation.command,
      env: config.env,
      report: context.report,
      onInterrupt: context.onInterrupt,
    })
  } finally {
    await close()
  }
}

export interface Executing extends Pick<CommandContext, 'report' | 'onInterrupt'> {
  readonly machines: readonly Pick<Machine, 'name' | 'layout' | 'depot'>[]
  /** Why, a line each. */
  readonly unreached: readonly string[]
  readonly command: string
  readonly env: Readonly<Record<string, string>>
}

/** An interruption ends the command everywhere, and rejects when it is ended. */
export async function execute({ machines, unreached, onInterrupt, ...doing }: Executing): Promise<ExitCode> {
  const ending = new AbortController()
  onInterrupt((count) => {
    ending.abort()
    if (count > 1) doing.report({ type: 'note', level: 'warning', text: 'the command may still run on the hosts' })
  })
  // Not so many at a time: some commands go on until somebody ends them.
  const ended = await Promise.all(machines.map((machine) => runOn(machine, { ...doing, signal: ending.signal })))
  const failures = [...unreached, ...ended.filter((reason) => reason !== null)]
  const lines = failures.join('\n')
  if (ending.signal.aborted) throw new UserError('interrupted', `Interrupted.\n${lines}`)
  if (failures.length === 0) return 0
  const count = machines.length + unreached.length
  const where = count === 1 ? '' : ` on ${failures.length} of ${count} hosts`
  throw new UserError('host-command', `The command did not end well${where}.\n${lines}`)
}

interface Doing extends Pick<Executing, 'command' | 'env' | 'report'> {
  readonly signal: AbortSignal
}

/** Resolves with why it did not end well, in a line; null: it did. */
async function runOn(
  { name, layout, depot }: Executing['machines'][number],
  { command, env, report, signal }: Doing,
): Promise<string | null> {
  const onLine = (line: string, stream: 'stdout' | 'stderr'): void =>
    report({ type: 'printed', host: name, stream, line })
  const end = (code: number | null, reason: string): void => report({ type: 'ran', host: name, code, reason })
  if (await isEmpty(depot)) {
    end(null, nothingThere)
    return `${name}: ${nothingThere}`
  }
  try {
    const asked = { directory: layout.current, commands: [command], env }
    await depot.run(asked, { what: 'the command failed', ...limit, onLine, signal })
    end(0, '')
    return null
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const { cause, message } = error
    const code = isResult(cause) ? cause.code : null
    const how = isResult(cause) ? endText(cause, limit) : message
    const reason = signal.aborted && code === null ? 'ended' : how
    end(code, reason)
    return isResult(cause) ? `${name}: ${reason}` : message
  }
}

const nothingThere = 'nothing was deployed there yet'

/** What cannot be looked at says by itself what is wrong, when it is run. */
async function isEmpty(depot: Machine['depot']): Promise<boolean> {
  try {
    return (await depot.inspect()).current.kind === 'none'
  } catch (error) {
    if (error instanceof UserError) return false
    throw error
  }
}

function isResult(cause: unknown): cause is CommandResult {
  return typeof cause === 'object' && cause !== null && 'timedOut' in cause
}
