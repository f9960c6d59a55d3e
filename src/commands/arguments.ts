/** argv → what is asked for. The environment comes first, then the verb, as with `pm2 deploy` and `cap`. */
import { nearest } from '../config/nearest.ts'
import type { UserError } from '../errors.ts'
import { type Options, parseOptions } from './options.ts'
import { usage } from './usage.ts'
import { readWishes, type Wishes } from './wishes.ts'

export type { Goal, Wishes } from './wishes.ts'

interface OfEnvironment {
  readonly environment: string
  /** As given with --config; null: look for one in the working directory. */
  readonly configFile: string | null
}

export type Invocation =
  | { readonly verb: 'help'; readonly text: string }
  | { readonly verb: 'version' }
  | { readonly verb: 'init'; readonly yaml: boolean }
  | (OfEnvironment & { readonly verb: 'setup' })
  | (OfEnvironment & { readonly verb: 'status' })
  /** The wishes are for a deploy that was cut off: one that waits goes on as it was begun. */
  | (OfEnvironment & Wishes & { readonly verb: 'resume' | 'abort' })
  | (OfEnvironment & { readonly verb: 'unlock'; readonly force: boolean })
  | (OfEnvironment & Wishes & { readonly verb: 'plan' })
  | (OfEnvironment & Wishes & { readonly verb: 'deploy' })

type EnvironmentVerb = 'deploy' | 'plan' | 'status' | 'setup' | 'resume' | 'abort' | 'unlock'

/** The words that may follow an environment. */
const verbs: readonly string[] = ['deploy', 'plan', 'status', 'setup', 'rollback', 'resume', 'abort', 'unlock']

/** What people who come from other tools type, and what it is called here. */
const elsewhere: Readonly<Record<string, string>> = {
  update: '',
  revert: '--rollback',
  curr: 'status',
  current: 'status',
  list: 'status',
  check: 'plan',
  continue: 'resume',
  proceed: 'resume',
  cancel: 'abort',
}

const maxWords = 2

/**
 * Reads the words behind `zdr-deploy`. Pure but for the lazy import of the option parser. Whatever is not understood
 * in full is a UserError `usage`: a typo must never deploy.
 */
export async function parseArguments(argv: readonly string[]): Promise<Invocation> {
  const { words, options, help } = await parseOptions(argv)
  if (options.help) return { verb: 'help', text: help }
  if (options.version) return { verb: 'version' }
  const [first, second] = words
  if (first === undefined) throw whichEnvironment(options)
  if (first === 'init') return readInit(words, options)
  if (options.yaml) throw usage('--yaml goes with `zdr-deploy init` only.')
  refuseWrongOrder(first, second)
  return readVerb(first, words, options)
}

function whichEnvironment({ rollback }: Options): UserError {
  // `--rollback production` reads the environment as a release.
  const line = typeof rollback === 'string' ? `zdr-deploy ${rollback} --rollback` : 'zdr-deploy production'
  return usage('Which environment?', `It comes first: \`${line}\`. See \`zdr-deploy --help\`.`)
}

function readInit(words: readonly string[], options: Options): Invocation {
  if (words.length > 1) throw usage(`\`init\` takes no further word, and got \`${words.slice(1).join(' ')}\`.`)
  refuseOptions('init', options, ['yaml'])
  return { verb: 'init', yaml: options.yaml }
}

/** `zdr-deploy setup production`, `zdr-deploy plan`, `zdr-deploy ecosystem.config.js production`. */
function refuseWrongOrder(first: string, second: string | undefined): void {
  if (/\.(?:[cm]?[jt]s|json5?|ya?ml)$/.test(first)) {
    const environment = second ?? 'production'
    throw usage(`\`${first}\` is a file.`, `Try \`zdr-deploy ${environment} --config ${first}\`.`)
  }
  if (!verbs.includes(first)) return
  if (second !== undefined) throw usage('The environment comes first.', `Try \`${spell(second, first)}\`.`)
  throw usage(`\`${first}\` in which environment?`, `For example \`${spell('production', first)}\`.`)
}

function readVerb(environment: string, words: readonly string[], options: Options): Invocation {
  const word = words[1] ?? 'deploy'
  if (!verbs.includes(word)) throw unknownVerb(environment, word)
  if (options.force && word !== 'unlock') throw usage('--force goes with `unlock` only.')
  const of = { environment, configFile: options.config ?? null }
  if (word === 'rollback') return readRollback(of, words, options)
  if (words.length > maxWords) throw tooMany(words.slice(maxWords))
  const verb = options.dryRun && word === 'deploy' ? 'plan' : (word as EnvironmentVerb)
  switch (verb) {
    case 'setup':
      refuseOptions(verb, options, ['config'])
      return { ...of, verb }
    case 'status':
      refuseOptions(verb, options, ['config'])
      return { ...of, verb }
    case 'resume':
      refuseOptions(verb, options, [...ofCutOff, 'migrate'])
      return { ...of, verb, ...readWishes(options, verbs) }
    case 'abort':
      refuseOptions(verb, options, ofCutOff)
      return { ...of, verb, ...readWishes(options, verbs) }
    case 'unlock':
      refuseOptions(verb, options, ['config', 'force'])
      return { ...of, verb, force: options.force }
    case 'plan':
      refuseWait(options)
      return { ...of, verb, ...readWishes(options, verbs) }
    case 'deploy':
      return { ...of, verb, ...readWishes(options, verbs) }
  }
}

/** `zdr-deploy production rollback [release]` is another spelling of `zdr-deploy production --rollback [release]`. */
function readRollback(of: OfEnvironment, words: readonly string[], options: Options): Invocation {
  if (words.length > maxWords + 1) throw tooMany(words.slice(maxWords + 1))
  if (options.rollback !== undefined) throw usage('`rollback` and --rollback say the same: use one of them.')
  if (options.dryRun) refuseWait(options)
  const wishes = readWishes({ ...options, rollback: words[maxWords] ?? true }, verbs)
  return { ...of, verb: options.dryRun ? 'plan' : 'deploy', ...wishes }
}

/** What may be said beside `resume` and `abort`. */
const ofCutOff = ['config', 'allow-downtime', 'skip', 'allow-skipped', 'wait'] as const

/** It takes no lock. */
function refuseWait({ wait }: Options): void {
  if (wait !== undefined) throw usage('--wait does not go with `plan`.')
}

/** An option that a verb would pass over in silence is refused: `setup --dry-run` must not set up. */
function refuseOptions(verb: string, options: Options, allowed: readonly string[]): void {
  const given: Readonly<Record<string, boolean>> = {
    config: options.config !== undefined,
    ref: options.ref !== undefined,
    rollback: options.rollback !== undefined,
    'dry-run': options.dryRun,
    'allow-downtime': options.allowDowntime,
    skip: options.skip.length > 0,
    'allow-skipped': options.allowSkipped,
    'pause-after': options.pauseAfter !== undefined,
    migrate: options.migrate !== undefined,
    wait: options.wait !== undefined,
    force: options.force,
    yaml: options.yaml,
  }
  const [wrong] = Object.keys(given).filter((name) => given[name] === true && !allowed.includes(name))
  if (wrong !== undefined) throw usage(`--${wrong} does not go with \`${verb}\`.`)
}

function unknownVerb(environment: string, word: string): UserError {
  const known = elsewhere[word] ?? nearest(word, verbs)
  const hint =
    known === undefined
      ? `After the environment comes one of: ${verbs.join(', ')}.`
      : `Did you mean \`${spell(environment, known)}\`?`
  return usage(`\`${word}\` is no command.`, hint)
}

function tooMany(words: readonly string[]): UserError {
  return usage(
    `Too many words: \`${words.join(' ')}\`.`,
    'One environment and one command: `zdr-deploy production plan`.',
  )
}

/** The whole command, as it should have been typed. */
function spell(environment: string, verb: string): string {
  return ['zdr-deploy', environment, verb === 'deploy' ? '' : verb].filter((word) => word !== '').join(' ')
}
