/** `zdr-deploy completion <shell>`: a script by which that shell asks us, at each Tab, how to go on. */
import { readFile } from 'node:fs/promises'
import { nearest } from '../config/nearest.ts'
import { usage } from './usage.ts'

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** The word by which those scripts ask. No environment is called so. */
export const completing = '__complete'

export async function script(shell: Shell): Promise<string> {
  return readFile(new URL(`../../templates/completion/zdr-deploy.${shell}`, import.meta.url), 'utf8')
}

/** Throws UserError `usage` where there is no such shell. */
export function readShell([word, ...rest]: readonly string[]): Shell {
  const shell = shells.find((each) => each === word)
  if (shell !== undefined && rest.length === 0) return shell
  const meant = word === undefined ? undefined : nearest(word, shells)
  throw usage(
    word === undefined ? 'For which shell?' : `\`completion\` takes one of ${shells.join(', ')}.`,
    `For example: \`zdr-deploy completion ${meant ?? 'bash'}\`.`,
  )
}
