/** What `init` may be told beforehand, by its options: whatever is not said is guessed, or asked for. */
export const initFlags = [
  'user',
  'balancer',
  'upstream',
  'host',
  'repo',
  'ref',
  'path',
  'script',
  'post-deploy',
  'health',
] as const

export type InitFlag = (typeof initFlags)[number]

/** As typed. */
export type InitFlags = Readonly<Partial<Record<InitFlag, string>>>

/** The answer for what there is not, to a question that has a default. */
export const noneWord = 'none'

/** Out of all options that are given, by the names that the parser gives them. */
export function flagsIn(given: Readonly<Record<string, unknown>>): InitFlags {
  return Object.fromEntries(
    initFlags.flatMap((flag): (readonly [InitFlag, string])[] => {
      const value = given[flag === 'post-deploy' ? 'postDeploy' : flag]
      return typeof value === 'string' ? [[flag, value]] : []
    }),
  )
}

/** Of an option that is repeated: one text. */
export function joinWords(value: string, before = ''): string {
  return `${before} ${value}`.trim()
}
