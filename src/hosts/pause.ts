/** Builders of the scripts by which a deploy that waits for a yes says so, and is told. POSIX sh; each may be repeated. */
import type { Answer, Pause } from './depot.ts'
import type { Layout } from './layout.ts'
import { enterScript } from './lock.ts'
import { quote } from './shell.ts'

/**
 * null: nobody waits any more. What was answered goes in either case: an answer that came too late for the question
 * before is none to this one.
 */
export function pauseScript({ pause, answer }: Layout, asked: Pause | null): string {
  if (asked === null) return `rm -f ${quote(pause)} ${quote(answer)}\n`
  return `rm -f ${quote(answer)} || exit\n${writeScript(pause, JSON.stringify(asked))}`
}

export function answerScript({ answer }: Layout, given: Answer): string {
  return writeScript(answer, JSON.stringify(given))
}

/** Prints nothing where there is none. Ends badly where that cannot be seen. */
export function readPauseScript(layout: Layout): string {
  return readScript(layout, layout.pause)
}

/** Prints nothing where there is none. Ends badly where that cannot be seen. */
export function readAnswerScript(layout: Layout): string {
  return readScript(layout, layout.answer)
}

/** A name of its own: two people may answer at the same time. */
function writeScript(file: string, text: string): string {
  return `set -eu
umask 077
file=${quote(file)}
printf '%s\\n' ${quote(text)} > "$file.$$.new"
mv -f "$file.$$.new" "$file"
`
}

/** It may be taken away at any moment, so that it is not there is asked last. */
function readScript(layout: Layout, file: string): string {
  return `${enterScript(layout)}cat ${quote(file)} || [ ! -e ${quote(file)} ]\n`
}

/** `paused after web-1, and waits for a yes until 2026-11-21T04:15:00.000Z` */
export function pauseText({ after, until }: Pause): string {
  return `paused after ${after.join(', ')}, and waits for a yes until ${until}`
}

export function parsePause(text: string): Pause | null {
  const { token, after, since, until } = parse<Pause>(text)
  if (token === undefined || after === undefined || since === undefined || until === undefined) return null
  return { token, after, since, until }
}

export function parseAnswer(text: string): Answer | null {
  const { token, answer, by } = parse<Answer>(text)
  if (token === undefined || by === undefined || (answer !== 'resume' && answer !== 'abort')) return null
  return { token, answer, by }
}

function parse<Value>(text: string): Partial<Value> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
