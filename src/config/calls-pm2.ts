/** Whether, and how plainly, a command is pm2's. */
import { type Command, readShell, type Word } from './shell-text.ts'
import { isAssignment, simpleCommand } from './simple-command.ts'

const wrappers = new Set('sudo npx pnpx bunx yarn pnpm bun npm exec x dlx env nohup command'.split(' '))
const shells = new Set(['sh', 'bash', 'zsh', 'dash', 'su', 'runuser'])

/** True where the command is pm2's, behind whatever stands before it: `sudo -u app NODE_ENV=x npx pm2@7 …`, `bash -lc 'pm2 …'`. */
export function callsPm2(command: Command): boolean {
  if (shellText(command)?.commands.some(callsPm2) === true) return true
  const words = simpleCommand(command.words)
  const at = words.findIndex(isPm2)
  if (at < 0 || shells.has(words[0]?.value ?? '')) return false
  return words.slice(0, at).every((word, index) => isBeforePm2(word) || words[index - 1]?.text === '-u')
}

const startVerbs = 'start restart reload startOrRestart startOrReload startOrGracefulReload gracefulReload'.split(' ')

/** True where pm2's processes can read out of the command which apps it is about: not behind another user, nor inside another shell's text. */
export function namesPm2Apps(command: Command): boolean {
  const words = simpleCommand(command.words)
  const at = words.findIndex(isPm2)
  if (at < 0 || !words.slice(0, at).every(isBeforePm2)) return false
  return words.slice(at + 1).some((word) => startVerbs.includes(word.value ?? ''))
}

/** What stands in `bash -lc '…'`; null where the command is nothing of the kind. */
export function shellText({ words }: Command): ReturnType<typeof readShell> | null {
  const [shell, ...rest] = simpleCommand(words)
  if (!shells.has(shell?.value ?? '')) return null
  const word = rest.find((_, index) => /^-\w*c$/.test(rest[index - 1]?.text ?? ''))
  const text = word?.value ?? word?.text.replace(/^"([\s\S]*)"$/, '$1')
  // What is as long as it was written is not quoted, and no more than one word.
  return word === undefined || text === undefined || text.length === word.text.length ? null : readShell(text)
}

function isPm2(word: Word): boolean {
  return /(^|\/)pm2(@[\w.^~-]+)?$/.test(word.value ?? word.text)
}

function isBeforePm2(word: Word): boolean {
  return wrappers.has(word.text) || word.text.startsWith('-') || isAssignment(word)
}
