/** Gets one answer after another: out of the options, from the person at the terminal, or the guess. */
import { UserError } from '../../errors.ts'
import { usage } from '../usage.ts'
import { type InitFlag, type InitFlags, noneWord } from './flags.ts'

export interface Question {
  readonly flag: InitFlag
  readonly text: string
  /** Taken where nothing is said; null: it has to be said. '' and `none`: there is none, where `isOptional`. */
  readonly guess: string | null
  readonly isOptional?: boolean
  /** What is wrong with an answer, as it follows its name in a sentence; null where nothing is. */
  readonly problemOf: (answer: string) => string | null
}

export interface Asker {
  /** '' for what there is not, and, until `refuseMissing` is called, for what nobody said. Rejects with UserError `usage` for an option that is wrong. */
  readonly ask: (question: Question) => Promise<string>
  /** Throws UserError `usage` that names every option without which nothing can be written. */
  readonly refuseMissing: () => void
}

interface Person {
  /** Resolves with null where they leave. */
  readonly prompt: (text: string) => Promise<string | null>
  readonly say: (text: string) => void
}

/** A person may be wrong so often, and something that is none may be at the other end. */
const triesMax = 20

/** `person`: null where nobody can be asked. */
export function asker(flags: InitFlags, person: Person | null): Asker {
  const missing: InitFlag[] = []
  return {
    ask: async (question) => {
      const given = flags[question.flag]
      if (given !== undefined) return fromFlag(question, given)
      if (person !== null) return fromPerson(question, person)
      if (question.guess === null) missing.push(question.flag)
      return question.guess ?? ''
    },
    refuseMissing: () => {
      if (missing.length === 0) return
      const names = missing.map((flag) => `--${flag}`).join(', ')
      throw usage(
        `Nobody can be asked here, and nothing says what to write: ${names}.`,
        'Give these options, or run it at a terminal. `zdr-deploy --help` has them all.',
      )
    },
  }
}

function fromFlag(question: Question, given: string): string {
  const answer = meaning(question, given)
  const problem = answer === '' && question.isOptional ? null : question.problemOf(answer)
  if (problem !== null) throw usage(`--${question.flag} ${problem}.`)
  return answer
}

async function fromPerson(question: Question, { prompt, say }: Person): Promise<string> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    const typed = await prompt(promptText(question))
    if (typed === null) throw new UserError('interrupted', 'Nothing was written.')
    const answer = typed.trim() === '' ? (question.guess ?? '') : meaning(question, typed)
    const problem = answer === '' && question.isOptional ? null : question.problemOf(answer)
    if (problem === null) return answer
    say(`  It ${problem}.`)
  }
  throw usage(`--${question.flag}: no answer could be used.`)
}

function meaning({ isOptional }: Question, typed: string): string {
  const answer = typed.trim()
  return isOptional && answer === noneWord ? '' : answer
}

/** `Branch to deploy [origin/main]: ` */
function promptText({ text, guess, isOptional }: Question): string {
  if (guess === null) return `${text}: `
  if (!isOptional) return `${text} [${guess}]: `
  return guess === '' ? `${text} [${noneWord}]: ` : `${text}, or \`${noneWord}\` [${guess}]: `
}
