/** What every command is given. Each `commands/NAME.ts` exports `run(invocation, context)`. */
import type { ExitCode, Report } from '../rollout/report.ts'
import type { Invocation } from './arguments.ts'

export interface CommandContext {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** Shows an event, stamped with the present moment. Never throws: a closed pipe must not end a deploy. */
  readonly report: (report: Report) => void
  /**
   * Says who hears of Ctrl-C, SIGTERM and SIGHUP: the handler given last, with 1 for the first and 2 for the second.
   * After the second the process leaves at once with 130, so what is left has to be reported before the handler
   * returns. Where nobody listens, the first one leaves at once.
   */
  readonly onInterrupt: (handler: (count: number) => void) => void
  /** Whether a person can be asked: standard input and output are both a terminal. */
  readonly isTerminal: boolean
}

/** What one verb's file exports. A UserError is shown and becomes an exit code by itself; a command need not catch it. */
export type Command<V extends Invocation['verb']> = (
  invocation: Extract<Invocation, { verb: V }>,
  context: CommandContext,
) => Promise<ExitCode>
