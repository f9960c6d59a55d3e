import { UserError } from '../errors.ts'

/** What was typed is not understood, or goes together with nothing. */
export function usage(message: string, hint?: string): UserError {
  return new UserError('usage', message, hint === undefined ? {} : { hint })
}
