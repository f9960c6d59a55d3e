import { UserError } from '../errors.ts'
import type { CommandResult, Host } from '../hosts/host.ts'
import { endText, lastLines } from '../hosts/run-script.ts'

export function reloadError({ name }: Host, result: CommandResult, timeoutMs: number): UserError {
  return new UserError('host-command', `${name}: the commands that reload the app ${endText(result, timeoutMs)}`, {
    output: lastLines(result),
  })
}
