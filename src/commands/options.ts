/** The options of the command line, by commander: the only file that imports it. */
import type { CommanderError, Command as TypedCommand } from '@commander-js/extra-typings'
import type { Command } from 'commander'
import { UserError } from '../errors.ts'
import { flagsIn, type InitFlags, joinWords } from './init/flags.ts'
import { verbs } from './verbs.ts'

export interface Options {
  readonly config?: string | undefined
  readonly ref?: string | undefined
  /** true: without a value. */
  readonly rollback?: string | true | undefined
  readonly dryRun: boolean
  readonly allowDowntime: boolean
  readonly fresh: boolean
  /** Names of hosts, each once. */
  readonly skip: readonly string[]
  /** Names of hosts, each once. */
  readonly hosts: readonly string[]
  readonly undo: boolean
  readonly allowSkipped: boolean
  readonly pauseAfter?: string | undefined
  readonly migrate?: string | undefined
  readonly wait?: string | undefined
  readonly force: boolean
  readonly yaml: boolean
  /** Those of `init` alone, as far as they are given; and --ref. */
  readonly init: InitFlags
  readonly json: boolean
  readonly verbose: boolean
  readonly color: boolean
  readonly help: boolean
  readonly version: boolean
}

export interface ParsedOptions {
  readonly words: readonly string[]
  readonly options: Options
  /** The text of --help. */
  readonly help: string
}

/** Splits words from options. Rejects with UserError `usage`, with the nearest known option. */
export async function parseOptions(argv: readonly string[]): Promise<ParsedOptions> {
  const program = await createProgram()
  try {
    program.parse(argv, { from: 'user' })
  } catch (error) {
    if (isCommanderError(error)) throw explain(error.message)
    throw error
  }
  const given = program.opts()
  refuseEmpty(given)
  return {
    words: program.args,
    options: withDefaults(given),
    help: `${program.helpInformation()}${commands()}${examples}`,
  }
}

export interface OptionText {
  /** Without its dashes. */
  readonly name: string
  /** `--skip <host>` */
  readonly flags: string
  readonly text: string
}

/** Every option, in the order of the help. */
export async function optionTexts(): Promise<readonly OptionText[]> {
  const { options } = (await createProgram()) as unknown as Command
  return options.map(({ long, flags, description }) => ({ name: long?.slice(2) ?? '', flags, text: description }))
}

/**
 * Typed by its own calls: commander's types for that are a package of their own, without code, hence the cast. Its
 * --help and --version would print and leave; here they are options like others.
 */
async function createProgram() {
  const { Command } = await import('commander')
  const program = new Command('zdr-deploy') as unknown as TypedCommand
  return program
    .usage(
      '<environment> [command] [options]\n       zdr-deploy init [options]\n       zdr-deploy help [command | config [key]]',
    )
    .argument('[words...]')
    .option('--ref <ref>', 'deploy this branch, tag or commit instead of the configured one')
    .option('--rollback [release]', 'go back to the release before this one, or to the one named')
    .option('--dry-run', 'the same as `plan`: show what would happen, touch nothing')
    .option('--allow-downtime', 'go on where a reload cannot be graceful and nothing stands in for the host')
    .option('--fresh', 'a new release, with everything installed anew, also of a commit that is there already')
    .option('--skip <host>', 'go on without this host, which stays out of rotation; may be repeated', names('skip'))
    .option('--hosts <host>', 'with setup: only these, which then get what the others run', names('hosts'))
    .option('--undo', 'with setup: give the hosts back to pm2 deploy, as they were')
    .option('--allow-skipped', 'exit code 0 even though a host was skipped')
    .option('--pause-after <batch>', 'canary: after the first batch, wait for a yes, or for `resume` or `abort`')
    .option('--migrate <answer>', 'for a migration that was cut off: run it `again`, or count it as `done`')
    .option('--wait <time>', 'wait so long for the lock, where another deploy has it: `10m`')
    .option('--force', 'with unlock: do not ask; else taken as pm2 deploy takes it, and without effect')
    .option('--config <file>', 'read this file instead of looking for ecosystem.config.js, deploy.yml, …')
    .option('--yaml', 'with init: a deploy.yml instead of an ecosystem file')
    .option('--host <address>', 'with init: a host that runs the app; may be repeated', joinWords)
    .option('--user <name>', 'with init: who logs in there')
    .option('--balancer <address>', 'with init: an nginx machine; may be repeated', joinWords)
    .option('--upstream <name>', 'with init: its upstream that has the hosts')
    .option('--repo <url>', 'with init: the repository, as the hosts fetch it')
    .option('--path <folder>', 'with init: the folder on the hosts')
    .option('--script <file>', 'with init: what pm2 starts')
    .option('--post-deploy <commands>', 'with init: what installs it, and makes the processes run it')
    .option('--health <url>', 'with init: the health check, or `none`')
    .option('--json', 'one event a line on standard output, and nothing else')
    .option('--verbose', 'show what the commands on the hosts write')
    .option('--no-color', 'no colours (so does NO_COLOR)')
    .option('--version', 'print the version')
    .option('-h, --help', 'print this')
    .helpOption(false)
    .exitOverride()
    .configureOutput({ writeErr: () => {}, writeOut: () => {} })
}

const withoutNames = { skip: 'no host is skipped', hosts: 'all hosts are set up' } as const

/** `--skip web-2,web-3 --skip web-4` */
function names(option: keyof typeof withoutNames): (value: string, before?: readonly string[]) => readonly string[] {
  return (value, before = []) => {
    const given = value
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '')
    if (given.length === 0) throw emptyValue(option, withoutNames[option])
    return [...new Set([...before, ...given])]
  }
}

type Given = ReturnType<Awaited<ReturnType<typeof createProgram>>['opts']>

function withDefaults(given: Given): Options {
  return {
    config: given.config,
    ref: given.ref,
    rollback: given.rollback,
    dryRun: given.dryRun === true,
    allowDowntime: given.allowDowntime === true,
    fresh: given.fresh === true,
    skip: given.skip ?? [],
    hosts: given.hosts ?? [],
    undo: given.undo === true,
    allowSkipped: given.allowSkipped === true,
    pauseAfter: given.pauseAfter,
    migrate: given.migrate,
    wait: given.wait,
    force: given.force === true,
    yaml: given.yaml === true,
    init: flagsIn(given),
    json: given.json === true,
    verbose: given.verbose === true,
    color: given.color,
    help: given.help === true,
    version: given.version === true,
  }
}

/** `--ref "$TAG"` with an unset variable must not deploy whatever is configured. */
function refuseEmpty(given: Given): void {
  const { config, ref, rollback, pauseAfter, migrate } = given
  const values = { config, ref, rollback, 'pause-after': pauseAfter, migrate }
  const [empty] = Object.entries(values).filter(([, value]) => value === '')
  if (empty !== undefined) throw emptyValue(empty[0], 'the configuration decides')
  const flag = Object.entries(flagsIn(given)).find(([, value]) => value.trim() === '')
  if (flag !== undefined) throw emptyValue(flag[0], 'it is guessed, or asked for')
}

function emptyValue(option: string, without: string): UserError {
  return new UserError('usage', `--${option} got an empty value.`, {
    hint: `Is the variable behind it set? Without that option, ${without}.`,
  })
}

function isCommanderError(error: unknown): error is CommanderError {
  return error instanceof Error && error.name === 'CommanderError'
}

/** `error: unknown option '--jsno'\n(Did you mean --json?)` → message and hint. */
function explain(text: string): UserError {
  const [first = '', ...rest] = text.replace(/^error: /, '').split('\n')
  const message = `${first.charAt(0).toUpperCase()}${first.slice(1).replaceAll("'", '`')}`
  const suggestion = rest.join(' ').replace(/^\((.*)\)$/, '$1')
  return new UserError('usage', message.endsWith('.') ? message : `${message}.`, {
    hint: suggestion === '' ? 'See `zdr-deploy --help`.' : suggestion,
  })
}

function commands(): string {
  const lines = verbs.map(({ name, aliases, words, summary }) => {
    const names = [name, ...aliases].join(', ')
    return `  ${`${names} ${words}`.padEnd(21)} ${summary}`
  })
  const alone = verbs.filter(({ of }) => of === 'nothing').map(({ name }) => name)
  return `\nCommands, behind the environment but for ${alone.join(', ')}:\n${lines.join('\n')}\n`
}

const examples = `
Examples:
  zdr-deploy init                                  a configuration, by a few questions
  zdr-deploy production setup                      once: folders on the hosts, files on the balancer
  zdr-deploy production plan                       what would happen, without touching anything
  zdr-deploy production                            roll the configured ref over the fleet
  zdr-deploy production --ref v1.4.2               … or this one
  zdr-deploy production --pause-after canary       roll the first batch, and wait for a yes
  zdr-deploy production resume                     … which can be given from anywhere (or a no: abort)
  zdr-deploy production resume                     go on with a deploy that was cut off (or take it back: abort)
  zdr-deploy production --rollback                 back to the release before
  zdr-deploy production exec 'pm2 ls | grep shop'  on all hosts at once; what stands behind exec is the command

Exit codes:
  0 every host verified on the release   1 failed before anything a user could feel   2 usage or configuration
  3 failed and rolled back   4 incomplete: someone should look   5 locked   130 interrupted, safely
`
