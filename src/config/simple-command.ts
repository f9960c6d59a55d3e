/** One command of shell text, without what stands around it. */
import type { Word } from './shell-text.ts'

export const keywords = new Set('if then elif else while until do time ! {'.split(' '))
/** What runs the program that is named behind it. */
const runners = new Set('sudo env command nohup nice timeout exec'.split(' '))

/** The command itself, without the assignments before it, and without keywords where it stands in an `if` or a loop. */
export function simpleCommand(words: readonly Word[]): readonly Word[] {
  const at = words.findIndex((word) => !isAssignment(word) && !keywords.has(word.text))
  return at < 0 ? [] : words.slice(at)
}

/** The program and its arguments, behind `sudo -u app`, `env A=b`, `timeout 60` and their like. */
export function programOf(words: readonly Word[]): readonly Word[] {
  const simple = simpleCommand(words)
  const isBefore = ({ text }: Word, index: number): boolean =>
    runners.has(text) || text.startsWith('-') || /^\d+[smh]?$/.test(text) || simple[index - 1]?.text === '-u'
  const at = simple.findIndex((word, index) => !isAssignment(word) && !isBefore(word, index))
  return at < 0 ? [] : simple.slice(at)
}

export function isAssignment(word: Word): boolean {
  return /^[A-Za-z_]\w*\+?=/.test(word.text)
}
