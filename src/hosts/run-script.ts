import { type ErrorCode, UserError } from '../errors.ts'
import type { CommandResult, Host, RunOptions } from './host.ts'
import { type Limit, limitText } from './limits.ts'

const outputLinesMax = 30

export interface Doing extends Limit {
  /** What could not be done, for people, where it ends badly. */
  readonly what: string
  readonly code?: ErrorCode
  readonly hint?: string
  readonly onLine?: RunOptions['onLine']
  readonly signal?: RunOptions['signal']
}

/** Runs a script that must end well. Rejects with a UserError that carries its last lines, and the result as its cause. */
export async function runScript(
  host: Host,
  script: string,
  { what, code, hint, onLine, signal, ...limit }: Doing,
): Promise<CommandResult> {
  const { timeoutMs } = limit
  const listening = onLine === undefined ? {} : { onLine }
  const result = await host.run(script, { timeoutMs, ...listening, ...(signal === undefined ? {} : { signal }) })
  if (result.code === 0) return result
  throw new UserError(code ?? 'host-command', `${what}${lateText(result, limit)}`, {
    output: lastLines(result),
    cause: result,
    ...(hint === undefined ? {} : { hint }),
  })
}

/** What a person reads of a command that failed. */
export function lastLines({ stdout, stderr }: Pick<CommandResult, 'stdout' | 'stderr'>): string {
  return `${stdout}\n${stderr}`.trim().split('\n').slice(-outputLinesMax).join('\n')
}

/** `: not done within 30 s (timeouts.step)`, behind what could not be done; '' where it had the time. */
export function lateText({ timedOut }: Pick<CommandResult, 'timedOut'>, limit: Limit): string {
  return timedOut ? `: not done within ${limitText(limit)}` : ''
}

/** How it ended: `did not end within 300 s (timeouts.reload)`, `ended with 1`. */
export function endText({ timedOut, code, signal }: CommandResult, limit: Limit): string {
  return timedOut ? `did not end within ${limitText(limit)}` : `ended with ${code ?? signal}`
}
