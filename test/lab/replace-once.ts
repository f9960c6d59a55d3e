/** An edit that matches nothing, or twice, would silently test something else: it throws. */
export function replaceOnce(text: string, from: string, to: string): string {
  const parts = text.split(from)
  if (parts.length !== 2)
    throw new Error(`${JSON.stringify(from)} stands ${parts.length - 1} times in the text, not once`)
  return parts.join(to)
}
