/** How a page of `zdr-deploy help` is set, as one of `man` is. */

export type Part = readonly [heading: string, lines: readonly string[]]

const WIDTH = 100
const INDENT = '  '

/** Parts without a line are left out. */
export function page(parts: readonly Part[]): string {
  return parts
    .filter(([, lines]) => lines.length > 0)
    .map(([heading, lines]) => [heading.toUpperCase(), ...lines.map((line) => (line === '' ? '' : INDENT + line))])
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n')
}

/** With an empty line between them. */
export function paragraphs(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text, index) => [...(index === 0 ? [] : ['']), ...wrapped(text, WIDTH)])
}

/** The second column is wrapped beside the first. */
export function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(0, ...rows.map(([first]) => first.length)) + INDENT.length
  return rows.flatMap(([first, second]) =>
    wrapped(second, Math.max(WIDTH - width, WIDTH / 2)).map((line, index) =>
      `${(index === 0 ? first : '').padEnd(width)}${line}`.trimEnd(),
    ),
  )
}

function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
