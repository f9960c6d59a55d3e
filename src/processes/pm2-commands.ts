/** Reads the user's commands for what they tell pm2, and rewrites them where a plain reload would not do. Pure. */
import { posix } from 'node:path'
import { quote } from '../hosts/shell.ts'
import { type SimpleCommand, simpleCommands, type Word } from './shell-words.ts'

/** One call of pm2 that makes processes run. */
export interface Pm2Call {
  /** Which of the commands, and which part of its text. */
  readonly command: number
  readonly start: number
  readonly end: number
  readonly verb: Word
  /** An ecosystem file, a process name, `all`, or a script; null where there is none. */
  readonly target: Word | null
  readonly env: string | null
  readonly only: readonly string[] | null
  readonly name: string | null
  /** Below the folder in which the commands begin: `''`, `api`. null where a `cd` leads somewhere that only the shell knows. */
  readonly directory: string | null
}

const verbs = new Set([
  'start',
  'restart',
  'reload',
  'startOrRestart',
  'startOrReload',
  'startOrGracefulReload',
  'gracefulReload',
])
/** pm2's options that take the word behind them. */
const optionsWithValue = new Set(
  '--env --only --name -n -i --instances --cwd --namespace -o --output -e --error -l --log --interpreter --node-args --interpreter-args --log-type --log-date-format --parallel -p --pid -k --kill-timeout --listen-timeout --max-memory-restart --restart-delay --exp-backoff-restart-delay --max-restarts --uid --gid -c --cron --cron-restart --filter-env --ext --stop-exit-codes'.split(
    ' ',
  ),
)
/** What may stand before `pm2`, besides `NAME=value`: part of the call … */
const prefixes = new Set('npx pnpx bunx npm yarn pnpm bun exec x dlx env sudo command nohup'.split(' '))
/** … or of what is around it. */
const keywords = new Set('if then elif else while until do time ! {'.split(' '))
/** `pm2`, `node_modules/.bin/pm2`, `pm2@7` behind npx. */
const pm2Word = /^(?:.*\/)?pm2(?:@[\w.^~-]+)?$/

export function pm2Calls(commands: readonly string[]): readonly Pm2Call[] {
  const calls: Pm2Call[] = []
  let directory: string | null = ''
  for (const [command, text] of commands.entries()) {
    for (const simple of simpleCommands(text)) {
      const call = readCall(simple)
      if (call !== null) calls.push({ ...call, command, directory })
      directory = directoryAfter(directory, simple)
    }
  }
  return calls
}

/** As pm2 tells a configuration file from a script or a name. */
export function isEcosystemFile(target: string): boolean {
  return ['.json', '.yml', '.yaml', '.config.js', '.config.cjs', '.config.mjs'].some((part) => target.includes(part))
}

export interface Start {
  /** Apps that must be started; they are deleted first, since pm2 keeps the paths of a first start. */
  readonly names: readonly string[]
  /** The folder that they are to stand in, by the link; null: as the ecosystem file says. */
  readonly cwd: string | null
}

export interface Mend {
  readonly call: Pm2Call
  /** What to start: an ecosystem file, or a script. null: the call fails, so that a later one starts it (`pm2 reload x || pm2 start …`). */
  readonly target: string | null
  readonly starts: readonly Start[]
  /** The call's other apps, which pm2 can reload as the user wrote it. */
  readonly others: readonly string[]
}

/** What must be free of what the apps left before a call may start them again. */
export interface Clearing {
  readonly call: Pm2Call
  readonly names: readonly string[]
  /** Shell text that ends with 0 where something would be left … */
  readonly isNeeded: string
  /** … and the one that waits until it is gone. */
  readonly wait: string
}

/**
 * The commands, where each call in need of it is made a delete and a start, or gets a stop before it. The rest of the
 * text stays as written.
 */
export function startInstead(
  commands: readonly string[],
  mends: readonly Mend[],
  clearings: readonly Clearing[] = [],
): readonly string[] {
  const calls = [...new Set([...mends, ...clearings].map(({ call }) => call))]
  return commands.map((text, index) =>
    calls
      .filter(({ command }) => command === index)
      .toSorted((a, b) => b.start - a.start)
      .reduce((rest, call) => {
        const mend = mends.find((one) => one.call === call)
        const made = mend === undefined ? text.slice(call.start, call.end) : mended(text, mend)
        const clearing = clearings.find((one) => one.call === call)
        const whole = clearing === undefined ? made : cleared(text, clearing, made)
        return rest.slice(0, call.start) + whole + rest.slice(call.end)
      }, text),
  )
}

function cleared(text: string, { call, names, isNeeded, wait }: Clearing, made: string): string {
  const stop = `${pm2Of(text, call)}stop ${names.map(quote).join(' ')} >/dev/null 2>&1 || true`
  return `{ if ${isNeeded}; then ${stop}; ${wait}; fi && ${made}; }`
}

/** pm2, as the user calls it. */
function pm2Of(text: string, call: Pm2Call): string {
  return text.slice(call.start, call.verb.start)
}

function mended(text: string, mend: Mend): string {
  const { call, target, starts, others } = mend
  const pm2 = pm2Of(text, call)
  const names = starts.flatMap((start) => start.names)
  const parts = [
    // A name that pm2 does not know is no reason to stop.
    `{ ${pm2}delete ${names.map(quote).join(' ')} >/dev/null 2>&1 || true; }`,
    ...(target === null
      ? ['false']
      : starts.map((start) => `${pm2}start ${startWords(target, start)}${optionsOf(text, call)}`)),
    ...(others.length === 0 ? [] : [withOnly(text.slice(call.start, call.end), call, others)]),
  ]
  return `{ ${parts.join(' && ')}; }`
}

function startWords(target: string, { names, cwd }: Start): string {
  const only = isEcosystemFile(target) ? ['--only', quote(names.join(','))] : []
  return [quote(target), ...only, ...(cwd === null ? [] : ['--cwd', quote(cwd)])].join(' ')
}

function withOnly(asWritten: string, call: Pm2Call, others: readonly string[]): string {
  const isFile = call.target !== null && isEcosystemFile(call.target.value)
  return isFile ? `${asWritten} --only ${quote(others.join(','))}` : asWritten
}

/** What the user wrote beside the verb and its target, without the options that the start sets itself. */
function optionsOf(text: string, call: Pm2Call): string {
  const between = call.target === null ? '' : text.slice(call.verb.end, call.target.start).trimEnd()
  const behind = text.slice(call.target?.end ?? call.verb.end, call.end)
  return `${between}${behind}`.replace(/\s--(?:only|cwd)(?:=|\s+)(?:'[^']*'|"[^"]*"|\S+)/g, '')
}

function readCall(simple: SimpleCommand): Omit<Pm2Call, 'command' | 'directory'> | null {
  const words = simple.words.slice(simple.words.findIndex(({ value }) => !keywords.has(value)))
  const at = words.findIndex(({ value }) => pm2Word.test(value))
  if (at === -1 || !words.slice(0, at).every(isPrefix)) return null
  const options = words.slice(at + 1)
  const [verb = null, target = null] = plainWords(options)
  if (verb === null || !verbs.has(verb.value)) return null
  return {
    start: words[0]?.start ?? simple.start,
    end: simple.end,
    verb,
    target,
    env: optionValue(options, ['--env']),
    only: optionValue(options, ['--only'])?.split(/,| /) ?? null,
    name: optionValue(options, ['--name', '-n']),
  }
}

function isPrefix({ value }: Word): boolean {
  return prefixes.has(value) || value.startsWith('-') || /^[A-Za-z_]\w*=/.test(value)
}

/** Those that are neither options nor their values. */
function plainWords(words: readonly Word[]): readonly Word[] {
  return words.filter(({ value }, index) => {
    const before = words[index - 1]?.value
    return !/^(?:-|\d*[<>]|&>)/.test(value) && (before === undefined || !optionsWithValue.has(before))
  })
}

function optionValue(words: readonly Word[], names: readonly string[]): string | null {
  for (const [index, { value }] of words.entries()) {
    if (names.includes(value)) return words[index + 1]?.value ?? null
    const name = names.find((option) => value.startsWith(`${option}=`))
    if (name !== undefined) return value.slice(name.length + 1)
  }
  return null
}

function directoryAfter(directory: string | null, { words }: SimpleCommand): string | null {
  if (words[0]?.value !== 'cd') return directory
  const to = words[1]?.value
  if (to === undefined || words.length > 2 || /^[-~/]|\$|`/.test(to) || directory === null) return null
  return posix.join(directory, to).replace(/^\.$/, '')
}
