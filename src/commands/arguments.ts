/** argv → what is asked for. The environment comes first, then the verb, as with `pm2 deploy` and `cap`. */
import { nearest } from '../config/nearest.ts'
import type { UserError } from '../errors.ts'
import { completing, readShell, type Shell } from './completion.ts'
import { readCommand, splitCommand } from './exec-words.ts'
import { helpOn, topicOf } from './help-topic.ts'
import { type InitFlag, type InitFlags, initFlags } from './init/flags.ts'
import { type Options, parseOptions } from './options.ts'
import { usage } from './usage.ts'
import { environmentWords, findVerb, type OptionName, takersOf, type VerbName } from './verbs.ts'
import { type Goal, readGoal, readWishes, type Wishes } from './wishes.ts'

export { splitCommand } from './exec-words.ts'
export type { Goal, Wishes } from './wishes.ts'

export interface SetupWishes {
  /** Instead of the configured one. */
  readonly ref: string | null
  /** Names of the hosts that are set up; empty: all. */
  readonly hosts: readonly string[]
  /** Gives hosts back to `pm2 deploy`. */
  readonly undo: boolean
}

interface OfEnvironment {
  readonly environment: string
  /** As given with --config; null: look for one in the working directory. */
  readonly configFile: string | null
  /** What pm2 deploy needs where the local git tree is not clean, as in CI; with `unlock` it does not ask. */
  readonly force?: boolean
}

export type Invocation =
  | { readonly verb: 'help'; readonly text: string }
  | { readonly verb: 'version' }
  | { readonly verb: 'init'; readonly yaml: boolean; readonly flags: InitFlags }
  | { readonly verb: 'completion'; readonly shell: Shell }
  /** Asked by the scripts of `completion`: the words so far, the last of them to be completed. */
  | { readonly verb: typeof completing; readonly words: readonly string[] }
  | (OfEnvironment & SetupWishes & { readonly verb: 'setup' })
  | (OfEnvironment & { readonly verb: 'doctor' })
  | (OfEnvironment & { readonly verb: 'status' })
  | (OfEnvironment & { readonly verb: 'current' | 'previous' | 'list' })
  /** `command`: text for a shell. */
  | (OfEnvironment & { readonly verb: 'exec'; readonly command: string })
  /** The wishes are for a deploy that was cut off: one that waits goes on as it was begun. */
  | (OfEnvironment & Wishes & { readonly verb: 'resume' | 'abort' })
  | (OfEnvironment & { readonly verb: 'unlock'; readonly force: boolean })
  | (OfEnvironment & Wishes & { readonly verb: 'plan' })
  | (OfEnvironment & Wishes & { readonly verb: 'deploy' })

/** What people who come from other tools type, and what it is called here. */
const elsewhere: Readonly<Record<string, string>> = {
  check: 'plan',
  continue: 'resume',
  proceed: 'resume',
  cancel: 'abort',
}

/**
 * Reads the words behind `zdr-deploy`. Pure but for the lazy import of the option parser. Whatever is not understood
 * in full is a UserError `usage`: a typo must never deploy.
 */
export async function parseArguments(argv: readonly string[]): Promise<Invocation> {
  if (argv[0] === completing) return { verb: completing, words: argv.slice(1) }
  const { ours, command } = await splitCommand(argv)
  const { words, options, help } = await parseOptions(ours)
  if (options.help) return { verb: 'help', text: await helpOn(topicOf(words), help) }
  if (options.version) return { verb: 'version' }
  const [first, second, ...rest] = words
  // `ref "$TAG"` with an unset variable must not deploy something else.
  if (words.includes('')) throw usage('One of the words is empty.', 'Is the variable behind it set?')
  if (first === undefined) throw whichEnvironment(options)
  if (first === 'init') return readInit(words, options)
  if (first === 'help' || first === 'completion') refuseOptions(first, options)
  if (first === 'help') return { verb: 'help', text: await helpOn(words.slice(1), help) }
  if (first === 'completion') return { verb: 'completion', shell: readShell(words.slice(1)) }
  refuseWrongOrder(first, second)
  return readVerb({ environment: first, word: second ?? 'deploy', rest: command ?? rest }, options)
}

function whichEnvironment({ rollback }: Options): UserError {
  // `--rollback production` reads the environment as a release.
  const line = typeof rollback === 'string' ? `zdr-deploy ${rollback} --rollback` : 'zdr-deploy production'
  return usage('Which environment?', `It comes first: \`${line}\`. See \`zdr-deploy --help\`.`)
}

function readInit(words: readonly string[], options: Options): Invocation {
  if (words.length > 1) throw usage(`\`init\` takes no further word, and got \`${words.slice(1).join(' ')}\`.`)
  refuseOptions('init', options)
  return { verb: 'init', yaml: options.yaml, flags: options.init }
}

/** `zdr-deploy setup production`, `zdr-deploy plan`, `zdr-deploy ecosystem.config.js production`. */
function refuseWrongOrder(first: string, second: string | undefined): void {
  if (/\.(?:[cm]?[jt]s|json5?|ya?ml)$/.test(first)) {
    const environment = second ?? 'production'
    throw usage(`\`${first}\` is a file.`, `Try \`zdr-deploy ${environment} --config ${first}\`.`)
  }
  if (!environmentWords.includes(first)) return
  if (second !== undefined) throw usage('The environment comes first.', `Try \`${spell(second, first)}\`.`)
  throw usage(`\`${first}\` in which environment?`, `For example \`${spell('production', first)}\`.`)
}

interface Typed {
  readonly environment: string
  readonly word: string
  /** What stands behind the verb. */
  readonly rest: readonly string[]
}

function readVerb({ environment, word, rest }: Typed, options: Options): Invocation {
  const entry = findVerb(word)
  if (entry?.of !== 'environment') throw unknownVerb(environment, word)
  refuseOptions(entry.name, options)
  const { words, name } = entry
  const of = { environment, configFile: options.config ?? null, ...(options.force ? { force: true } : {}) }
  if (name === 'exec') return { ...of, verb: name, command: readCommand(spell(environment, word), rest) }
  if (rest.length > (words === '' ? 0 : 1)) throw tooMany(words === '' ? rest : rest.slice(1))
  switch (name) {
    case 'setup':
      return { ...of, verb: name, ...readSetup(options) }
    case 'doctor':
    case 'status':
    case 'current':
    case 'previous':
    case 'list':
      return { ...of, verb: name }
    case 'unlock':
      return { ...of, verb: name, force: options.force }
    case 'resume':
    case 'abort':
    case 'plan':
      return { ...of, verb: name, ...readWishes(options, readGoal(options)) }
    case 'deploy':
      return readRoll(of, options, readGoal(options))
    case 'ref':
      if (rest[0] === undefined)
        throw usage('Which ref?', `A branch, tag or commit: \`${spell(environment, 'ref')} v1.4.2\`.`)
      return readRoll(of, options, { kind: 'ref', ref: rest[0] })
    case 'rollback':
      return readRoll(of, options, readGoal({ rollback: rest[0] ?? true }))
    case 'revert':
      return readRoll(of, options, { kind: 'release', release: readSteps(environment, rest[0] ?? '1') })
  }
}

function readSetup({ ref, hosts, undo }: Options): SetupWishes {
  const other = ref === undefined ? 'hosts' : 'ref'
  if (undo && (ref !== undefined || hosts.length > 0))
    throw usage(`--undo and --${other} exclude each other: all hosts are handed back, as they are.`)
  return { ref: ref ?? null, hosts, undo }
}

/** With --dry-run it is the plan of it. */
function readRoll(of: OfEnvironment, options: Options, goal: Goal): Invocation {
  const verb = options.dryRun ? 'plan' : 'deploy'
  // It takes no lock.
  if (verb === 'plan' && options.wait !== undefined) throw doesNotGo('wait', 'plan')
  return { ...of, verb, ...readWishes(options, goal) }
}

/** `revert 2` */
function readSteps(environment: string, word: string): number {
  if (!/^[1-9]\d{0,3}$/.test(word))
    throw usage(
      `\`revert\` takes how many releases to go back, from 1, not \`${word}\`.`,
      `\`${spell(environment, 'list')}\` numbers them; \`${spell(environment, 'rollback')} <release>\` takes a name.`,
    )
  return Number(word)
}

/** An option that a verb would pass over in silence is refused: `setup --dry-run` must not set up. */
function refuseOptions(verb: VerbName, options: Options): void {
  const ofInit = initFlags.map((flag) => [flag, options.init[flag] !== undefined] as const)
  const given: Readonly<Record<OptionName, boolean>> = {
    ...(Object.fromEntries(ofInit) as Record<InitFlag, boolean>),
    config: options.config !== undefined,
    ref: options.ref !== undefined,
    rollback: options.rollback !== undefined,
    'dry-run': options.dryRun,
    'allow-downtime': options.allowDowntime,
    fresh: options.fresh,
    skip: options.skip.length > 0,
    hosts: options.hosts.length > 0,
    undo: options.undo,
    'allow-skipped': options.allowSkipped,
    'pause-after': options.pauseAfter !== undefined,
    migrate: options.migrate !== undefined,
    wait: options.wait !== undefined,
    force: options.force,
    yaml: options.yaml,
  }
  const names = Object.keys(given) as OptionName[]
  const wrong = names.find((name) => given[name] && !takersOf(name).includes(verb))
  if (wrong !== undefined) throw doesNotGo(wrong, verb)
}

function doesNotGo(option: OptionName, verb: VerbName): UserError {
  const [only, ...others] = takersOf(option)
  const hint = only !== undefined && others.length === 0 ? `It goes with \`${only}\` only.` : undefined
  return usage(`--${option} does not go with \`${verb}\`.`, hint)
}

function unknownVerb(environment: string, word: string): UserError {
  const known = elsewhere[word] ?? nearest(word, environmentWords)
  const hint =
    known === undefined
      ? `After the environment comes one of: ${environmentWords.join(', ')}.`
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
