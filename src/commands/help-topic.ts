/** What help is asked for. The pages themselves are many words, which a deploy does not need. */
import { findVerb } from './verbs.ts'

export async function helpOn(topic: readonly string[], general: string): Promise<string> {
  return (await import('./help.ts')).helpOn(topic, general)
}

/** Of --help: `zdr-deploy production status --help` asks for all about `status`. */
export function topicOf(words: readonly string[]): readonly string[] {
  if (words[0] === 'help') return words.slice(1)
  const verb = [words[1] ?? '', words[0] ?? ''].find((word) => findVerb(word) !== undefined)
  return verb === undefined ? [] : [verb]
}
