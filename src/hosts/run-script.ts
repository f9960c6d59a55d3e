import { type ErrorCode, UserError } from '../errors.ts'
import type { CommandResult, Host, RunOptions } from './host.ts'

const outputLinesMax = 30

export interface Doing {
  /** What could not be done, for people, where it ends badly. */
  readonly what: string
  readonly timeoutMs: number
  readonly code?: ErrorCode
  readonly hint?: string
  readonly onLine?: RunOptions['onLine']
}

/** Runs a script that must end well. Rejects with a UserError that carries its last lines, and the result as its cause. */
export async function runScript(
  host: Host,
  script: string,
  { what, timeoutMs, code, hint, onLine }: Doing,
): Promise<CommandResult> {
  const result = await host.run(script, onLine === undefined ? { timeoutMs } : { timeoutMs, onLine })
  if (result.code === 0) return result
  const how = result.timedOut ? `: not done within ${timeoutMs / 1000} s` : ''
  throw new UserError(code ?? 'host-command', `${what}${how}`, {
    output: lastLines(result),
    cause: result,
    ...(hint === undefined ? {} : { hint }),
  })
}

/** What a person reads of a command that failed. */
export function lastLines({ stdout, stderr }: Pick<CommandResult, 'stdout' | 'stderr'>): string {
  return `${stdout}\n${stderr}`.trim().split('\n').slice(-outputLinesMax).join('\n')
}

/** How it ended: `did not end within 300 s`, `ended with 1`. */
export function endText({ timedOut, code, signal }: CommandResult, timeoutMs: number): string {
  return timedOut ? `did not end within ${timeoutMs / 1000} s` : `ended with ${code ?? signal}`
}
