import { UserError } from '../errors.ts'
import type { CommandResult, Host } from '../hosts/host.ts'
import type { Limit } from '../hosts/limits.ts'
import { endText, lastLines } from '../hosts/run-script.ts'

export function reloadError({ name }: Host, result: CommandResult, limit: Limit): UserError {
  return new UserError('host-command', `${name}: the commands that reload the app ${endText(result, limit)}`, {
    output: lastLines(result),
  })
}
