/** What may stand where the cursor is: asked by the scripts of `zdr-deploy completion`. */
import { everyKey } from '../config/keys/every.ts'
import { environmentNames, loadEnvironment } from '../config/load.ts'
import { shells } from './completion.ts'
import { type OptionText, optionTexts } from './options.ts'
import { findVerb, verbs } from './verbs.ts'
import { migrateAnswers, pausePoints } from './wishes.ts'

/** A configuration may take its time: nobody waits that long for a Tab. */
const READING_TIMEOUT_MS = 10_000

/** A word, and what it means; '' where that is clear. */
type Candidate = readonly [word: string, meaning: string]

interface Typed {
  /** Those behind `zdr-deploy` that are no options, and no values of options. */
  readonly words: readonly string[]
  /** What was given to options: `--config` → `shop.yml`. */
  readonly values: ReadonlyMap<string, readonly string[]>
  /** The option whose value is being typed. */
  readonly option: OptionText | undefined
  /** What is typed of the word, or of the option's value. */
  readonly begun: string
}

/**
 * A line for each: the word, and what it means behind a tab. None where nothing is known: then the shell may offer files.
 * A configuration is read for it; its hooks are not run, and no host is asked. Never rejects.
 */
export async function complete(line: readonly string[], cwd: string): Promise<readonly string[]> {
  const current = line.at(-1) ?? ''
  const typed = read(line, await optionTexts())
  const before = current.slice(0, current.length - typed.begun.length)
  return (await candidates(typed, cwd))
    .filter(([word]) => word.startsWith(typed.begun) && isPlain(word))
    .map(([word, meaning]) => (meaning === '' ? before + word : `${before}${word}\t${meaning}`))
}

async function candidates(typed: Typed, cwd: string): Promise<readonly Candidate[]> {
  const { words, option, begun } = typed
  // All behind it is the user's own command.
  if (findVerb(words[1] ?? '')?.name === 'exec') return []
  if (option !== undefined) return valuesOf(option.name, typed, cwd)
  if (begun.startsWith('-')) return options(typed)
  const [first, second] = words
  if (first === undefined) return [...bare(await environments(typed, cwd)), ...verbsOf('nothing')]
  if (first === 'help') return second === undefined ? topics() : second === 'config' ? keys() : []
  if (first === 'completion') return second === undefined ? bare(shells) : []
  if (first !== 'init' && second === undefined) return verbsOf('environment')
  const isFree = findVerb(second ?? first)?.words !== ''
  return isFree ? [] : options(typed)
}

/** The options that go with the verb, but those that were given; what takes hosts may be repeated. */
async function options({ words: [first, second], values }: Typed): Promise<readonly Candidate[]> {
  const verb = first === undefined ? undefined : (findVerb(second ?? '') ?? findVerb(first) ?? findVerb('deploy'))
  const special: readonly string[] = verbs.flatMap((each) => each.options)
  const ours: readonly string[] = verb?.options ?? []
  const texts = await optionTexts()
  return texts
    .filter(({ name }) => ours.includes(name) || !special.includes(name))
    .filter(({ name }) => name === 'skip' || name === 'hosts' || !values.has(name))
    .map(({ name, text }) => [`--${name}`, text])
}

async function valuesOf(option: string, typed: Typed, cwd: string): Promise<readonly Candidate[]> {
  switch (option) {
    case 'pause-after':
      return bare(pausePoints)
    case 'migrate':
      return bare(migrateAnswers)
    case 'skip':
    case 'hosts':
      return bare(await hostLists(option, typed, cwd))
    default:
      return []
  }
}

/** `web-1,` goes on with each host that is not named yet. */
async function hostLists(
  option: string,
  { words: [environment], values, begun }: Typed,
  cwd: string,
): Promise<readonly string[]> {
  if (environment === undefined) return []
  const head = begun.slice(0, begun.lastIndexOf(',') + 1)
  const named = [...(values.get(option) ?? []), head].flatMap((names) => names.split(','))
  const config = await inTime(loadEnvironment({ cwd, environment, ...fileOf(values) }))
  return (config?.hosts ?? []).filter(({ name }) => !named.includes(name)).map(({ name }) => head + name)
}

async function environments({ values }: Typed, cwd: string): Promise<readonly string[]> {
  return (await inTime(environmentNames({ cwd, ...fileOf(values) }))) ?? []
}

function fileOf(values: Typed['values']): { readonly file?: string } {
  const file = values.get('config')?.at(-1)
  return file === undefined ? {} : { file }
}

/** undefined where it fails, too: a Tab is no place for a message. */
async function inTime<Value>(reading: Promise<Value>): Promise<Value | undefined> {
  let timer: NodeJS.Timeout | undefined
  const end = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, READING_TIMEOUT_MS, undefined)
  })
  try {
    return await Promise.race([reading, end])
  } catch {
    return undefined
  } finally {
    clearTimeout(timer)
  }
}

function verbsOf(kind: 'environment' | 'nothing'): readonly Candidate[] {
  return verbs
    .filter(({ of }) => of === kind)
    .flatMap(({ name, aliases, summary }) => [name, ...aliases].map((word): Candidate => [word, summary]))
}

function topics(): readonly Candidate[] {
  return [...verbsOf('environment'), ...verbsOf('nothing'), ['config', 'the keys of the configuration']]
}

function keys(): readonly Candidate[] {
  return everyKey.map(({ name, key }) => [name, key.meaning])
}

function bare(words: readonly string[]): readonly Candidate[] {
  return words.map((word) => [word, ''])
}

/** Bash writes a word as it is: one that it would read as something else is not offered. */
function isPlain(word: string): boolean {
  return !/[\s"'`$\\;&|<>(){}*?!#~]/.test(word)
}

function read(line: readonly string[], texts: readonly OptionText[]): Typed {
  const words: string[] = []
  const values = new Map<string, readonly string[]>()
  const valued = (name: string) => texts.find((each) => each.name === name && /[<[]/.test(each.flags))
  let open: OptionText | undefined
  for (const word of line.slice(0, -1)) {
    const [name, value] = partsOf(word)
    if (open !== undefined && !word.startsWith('-')) add(values, open.name, word)
    else if (name === undefined) words.push(word)
    else add(values, name, value)
    open = name !== undefined && value === undefined ? valued(name) : undefined
  }
  const current = line.at(-1) ?? ''
  const [name, value] = partsOf(current)
  if (name !== undefined && value !== undefined) return { words, values, option: valued(name), begun: value }
  return { words, values, option: current.startsWith('-') ? undefined : open, begun: current }
}

/** `--skip=web-1` → `skip` and `web-1`. */
function partsOf(word: string): readonly [name?: string, value?: string] {
  const [, name, value] = /^--?([\w-]*)(?:=(.*))?$/.exec(word) ?? []
  return name === undefined ? [] : value === undefined ? [name] : [name, value]
}

function add(values: Map<string, readonly string[]>, name: string, value: string | undefined): void {
  values.set(name, [...(values.get(name) ?? []), ...(value === undefined ? [] : [value])])
}
