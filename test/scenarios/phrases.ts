/** The smallest parts of what a scenario says. */

/** `20 s`, `10 m`. */
export function readSpan(text: string): number {
  const [, count, unit] = /^(\d+) (s|m)$/.exec(text) ?? []
  if (count === undefined) throw new Error(`${text} is no time`)
  return Number(count) * (unit === 's' ? 1_000 : 60_000)
}

export function readNames(text: string | undefined): readonly string[] {
  return text === undefined ? [] : text.split(/,? /)
}
