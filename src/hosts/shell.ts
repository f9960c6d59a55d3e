/** Builders of POSIX shell text. They only return text, so a test is a comparison of strings. */

/** One shell word that arrives as written, whatever is in it (POSIX 2.2.2: nothing is special inside single quotes). */
export function quote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** The words of one command, each quoted. */
export function command(...words: readonly string[]): string {
  return words.map(quote).join(' ')
}

/** `export NAME='value'` lines. Names must be valid shell names: the configuration sees to it. */
export function exports(env: Readonly<Record<string, string>>): string {
  return Object.entries(env)
    .map(([name, value]) => `export ${name}=${quote(value)}\n`)
    .join('')
}
