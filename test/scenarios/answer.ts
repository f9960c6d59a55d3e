/** What is said where a deploy waits for a yes: `yes after 10 s`, `no after 5 s from elsewhere`. */
import type { Act } from './header.ts'
import { readSpan } from './phrases.ts'
import type { Stage } from './stage.ts'

interface Said {
  readonly what: 'resume' | 'abort'
  readonly afterMs: number
  readonly isElsewhere: boolean
}

/** null: nobody answers. */
export function answerOf({ settings }: Act): Said | null {
  const [, what, after, elsewhere] =
    /^(yes|no) after (\d+ [sm])( from elsewhere)?$/.exec(settings.get('answer') ?? '') ?? []
  if (after === undefined) return null
  return { what: what === 'yes' ? 'resume' : 'abort', afterMs: readSpan(after), isElsewhere: elsewhere !== undefined }
}

/** By way of the hosts, as `resume` and `abort` leave it there. */
export function answerFromElsewhere(
  { world, time }: Stage,
  { act, token }: { readonly act: Act; readonly token: string },
): void {
  const answer = answerOf(act)
  if (answer === null || !answer.isElsewhere) return
  time.after(answer.afterMs, () => {
    for (const { disk } of world.hosts.values())
      if (disk.pause?.token === token) disk.answer = { token, answer: answer.what, by: 'zoe@laptop' }
  })
}
