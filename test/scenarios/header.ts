/**
 * The upper half of a scenario, as an operator would tell it: a sentence, what the fleet is like, and then what is
 * asked of it, one after another.
 *
 *     hosts: web-1 web-2=down web-3=off web-4=empty web-5=foreign   `old`, deployed and well, where nothing is said
 *     balancers: 2                      0: none          mode: fork
 *     by hand: web-2                    left out before anything begins
 *     batch: 1 (pause), 25%, 100%       and whatever else stands in `rollout` of a configuration
 *     first: zdr-deploy production --skip web-3   where it is not said: `zdr-deploy production`
 *     then: zdr-deploy production --rollback      some minutes later, by somebody else; below it stands what belongs to it
 *     release: answers 500 on web-2     what is pushed before; nothing said below a `then`: the same commit again
 *     migrate: yes                      `npm run migrate` is configured
 *     answer: yes after 10 s            where somebody is asked; `from elsewhere`, or here
 *     before: web-3 has power again     all that can happen stands in `happenings.ts`
 *     during reload web-2: web-2 loses its power
 *     after activate web-1: ada is killed
 *     during going back: verify web-1: …   `verify web-1 again`: the second time
 *     90 s later: bob deploys           after what stands above it
 */
import { type Asked, readCommand } from './asked.ts'
import { readSpan } from './phrases.ts'

export const plainCommand = 'zdr-deploy production'

export interface Scenario {
  readonly settings: ReadonlyMap<string, string>
  readonly acts: readonly Act[]
}

export interface Act {
  readonly asked: Asked
  readonly settings: ReadonlyMap<string, string>
  readonly happenings: readonly Planned[]
}

export interface Planned {
  readonly when:
    | { readonly kind: 'before' }
    | { readonly kind: 'later'; readonly ms: number }
    | { readonly kind: 'during' | 'after'; readonly moment: string }
  readonly what: string
}

export async function readScenario(text: string): Promise<Scenario> {
  const lines = text
    .slice(text.indexOf('\n\n'))
    .split('\n')
    .filter((line) => line.trim() !== '')
  const starts = [0, ...lines.flatMap((line, index) => (line.startsWith('then: ') ? [index] : []))]
  const acts = await Promise.all(starts.map((start, index) => readAct(lines.slice(start, starts[index + 1]))))
  return { settings: acts[0]?.settings ?? new Map(), acts }
}

async function readAct(lines: readonly string[]): Promise<Act> {
  const happenings = lines.flatMap((line) => readPlanned(line) ?? [])
  const settings = new Map(
    lines
      .filter((line) => readPlanned(line) === null)
      .map((line) => {
        const [, key = '', value = ''] = /^([a-z- ]+): (.+)$/.exec(line) ?? []
        if (key === '') throw new Error(`not understood: ${line}`)
        return [key, value] as const
      }),
  )
  const asked = await readCommand(settings.get('then') ?? settings.get('first') ?? plainCommand)
  return { asked, settings, happenings }
}

function readPlanned(line: string): Planned | null {
  const [, span, then] = /^(\d+ [sm]) later: (.+)$/.exec(line) ?? []
  if (span !== undefined && then !== undefined) return { when: { kind: 'later', ms: readSpan(span) }, what: then }
  const [, first] = /^before: (.+)$/.exec(line) ?? []
  if (first !== undefined) return { when: { kind: 'before' }, what: first }
  const [, kind, moment = '', what = ''] = /^(during|after) ((?:going back: )?[^:]+): (.+)$/.exec(line) ?? []
  return kind === 'during' || kind === 'after' ? { when: { kind, moment }, what } : null
}
