/** `zdr-deploy help`: what is printed about a command, or about the configuration. */
import { everyKey, keysCalled, nearestKey } from '../config/keys/every.ts'
import { nearest } from '../config/nearest.ts'
import { aboutConfig, aboutKey } from './help-config.ts'
import { columns, type Part, page, paragraphs } from './help-text.ts'
import { optionTexts } from './options.ts'
import { pages } from './pages.ts'
import { usage } from './usage.ts'
import { findVerb, verbs } from './verbs.ts'

/** `general`: what there is to say without a topic. Rejects with UserError `usage` where there is no such topic. */
export async function helpOn(topic: readonly string[], general: string): Promise<string> {
  const [first, second, ...rest] = topic
  if (first === undefined) return general
  if (rest.length > 0 || (second !== undefined && first !== 'config'))
    throw usage(`Too many words: \`${topic.join(' ')}\`.`, 'One command, or one key: `zdr-deploy help config health`.')
  if (first === 'config') return second === undefined ? aboutConfig() : keyHelp(second)
  if (findVerb(first) === undefined) throw noTopic(first)
  return aboutVerb(first)
}

function keyHelp(word: string): string {
  const found = keysCalled(word)
  if (found.length > 0) return found.map(aboutKey).join('\n')
  const meant = nearestKey(word)
  throw usage(
    `There is no key \`${word}\`.`,
    meant === undefined
      ? 'All of them: `zdr-deploy help config`.'
      : `Did you mean \`zdr-deploy help config ${meant}\`?`,
  )
}

function noTopic(word: string) {
  const meant = nearest(word, ['config', ...verbs.flatMap(({ name, aliases }) => [name, ...aliases])])
  // Whoever asks for a key by itself gets it: few of them are called like a command.
  const key = meant === undefined ? everyKey.find(({ name }) => name === word || name.endsWith(`.${word}`)) : undefined
  const line = meant ?? (key === undefined ? undefined : `config ${key.name}`)
  return usage(
    `There is no command \`${word}\`.`,
    line === undefined ? 'All of them: `zdr-deploy help`.' : `Did you mean \`zdr-deploy help ${line}\`?`,
  )
}

/** Of options that mean something else with a verb than with the others. */
const meanings: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  init: { ref: 'the branch that is deployed' },
}

async function aboutVerb(word: string): Promise<string> {
  const verb = findVerb(word)
  if (verb === undefined) throw noTopic(word)
  const { name, aliases, words, summary, of } = verb
  const { about, codes, examples } = pages[name]
  const texts = await optionTexts()
  const taken = texts.filter(({ name: option }) => (verb.options as readonly string[]).includes(option))
  const synopsis = [
    'zdr-deploy',
    of === 'environment' ? '<environment>' : '',
    name,
    words,
    taken.length > 0 ? '[options]' : '',
  ]
  const parts: readonly Part[] = [
    ['name', paragraphs([`zdr-deploy ${[name, ...aliases].join(', ')} – ${summary}`])],
    ['synopsis', paragraphs([synopsis.filter((part) => part !== '').join(' ')])],
    ['description', paragraphs(about)],
    ['options', columns(taken.map(({ flags, name: option, text }) => [flags, meanings[name]?.[option] ?? text]))],
    ['exit codes', columns(Object.entries(codes))],
    ['examples', columns(examples)],
  ]
  return page(parts)
}
