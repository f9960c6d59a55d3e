/** `exec` and `run`: which words are ours, and which belong to the command. */
import { quote } from '../hosts/shell.ts'
import { parseOptions } from './options.ts'
import { usage } from './usage.ts'
import { findVerb } from './verbs.ts'

export interface Split {
  /** Up to the verb. */
  readonly ours: readonly string[]
  /** What stands behind it, as it was typed; null where the verb is another one. */
  readonly command: readonly string[] | null
}

/** `exec ls -la --json`: nothing behind the verb is an option of ours. It is the verb where only an environment stands before it. */
export async function splitCommand(argv: readonly string[]): Promise<Split> {
  for (const [index, word] of argv.entries()) {
    if (findVerb(word)?.name !== 'exec') continue
    // `--ref run`: there it is the value of an option that would lack one.
    const before = await parseOptions(argv.slice(0, index)).catch(() => null)
    if (before?.words.length === 1) return { ours: argv.slice(0, index + 1), command: argv.slice(index + 1) }
  }
  return { ours: argv, command: null }
}

/**
 * The text for a shell on the hosts: one word is that text; of several, each arrives as it was typed. `line`: what is
 * typed up to the verb, for hints.
 */
export function readCommand(line: string, typed: readonly string[]): string {
  const [first, ...rest] = typed[0] === '--' ? typed.slice(1) : typed
  if (first === undefined) throw usage('Which command?', `For example \`${line} pm2 ls\`, or \`${line} 'ls | wc -l'\`.`)
  if (first.trim() === '') throw usage('The command is empty.', 'Is the variable behind it set?')
  if (first.startsWith('-'))
    throw usage(
      `\`${first}\` is no command.`,
      `Options of zdr-deploy stand before \`${line.split(' ').at(-1)}\`; what stands behind it is the command.`,
    )
  return rest.length === 0 ? first : [first, ...rest].map(quote).join(' ')
}
