/** What may be typed: the one table of the verbs, for reading the command line, its help and its completion. */

import { type InitFlag, initFlags } from './init/flags.ts'

/** The options that not every verb takes. `--json`, `--verbose`, `--no-color`, `--help` and `--version` go with all. */
export type OptionName =
  | 'config'
  | 'ref'
  | 'rollback'
  | 'dry-run'
  | 'allow-downtime'
  | 'fresh'
  | 'skip'
  | 'hosts'
  | 'undo'
  | 'allow-skipped'
  | 'pause-after'
  | 'migrate'
  | 'wait'
  | 'force'
  | 'yaml'
  | InitFlag

export interface Verb {
  readonly name: string
  /** Other names for the same. */
  readonly aliases: readonly string[]
  /** The words behind it, as a synopsis has them: `<ref>`, `[release]`; '' where there are none. */
  readonly words: string
  /** What it does, in a line without a full stop. */
  readonly summary: string
  readonly options: readonly OptionName[]
  /** Whether it stands behind an environment, or alone. */
  readonly of: 'environment' | 'nothing'
}

const onFleet = ['config', 'allow-downtime', 'skip', 'allow-skipped'] as const
const rolling = [...onFleet, 'dry-run', 'pause-after', 'wait'] as const

/** In the order of the help. */
export const verbs = [
  {
    name: 'deploy',
    aliases: ['update'],
    words: '',
    summary: 'roll the configured ref over the fleet; what an environment alone means, too',
    options: [...rolling, 'ref', 'rollback', 'fresh', 'migrate', 'force'],
    of: 'environment',
  },
  {
    name: 'ref',
    aliases: [],
    words: '<ref>',
    summary: 'roll this branch, tag or commit: the same as --ref',
    options: [...rolling, 'fresh', 'migrate', 'force'],
    of: 'environment',
  },
  {
    name: 'rollback',
    aliases: [],
    words: '[release]',
    summary: 'go back to the release before, or to the one named: the same as --rollback',
    options: rolling,
    of: 'environment',
  },
  {
    name: 'revert',
    aliases: [],
    words: '[n]',
    summary: 'go n releases back, by the numbers of `list`; 1 where nothing is said',
    options: [...rolling, 'force'],
    of: 'environment',
  },
  {
    name: 'plan',
    aliases: [],
    words: '',
    summary: 'what would happen, without touching anything',
    options: [...onFleet, 'dry-run', 'ref', 'rollback', 'fresh', 'pause-after', 'migrate'],
    of: 'environment',
  },
  {
    name: 'doctor',
    aliases: [],
    words: '',
    summary: 'what is wrong with configuration, hosts and balancer, and the line to change; changes nothing',
    options: ['config'],
    of: 'environment',
  },
  {
    name: 'status',
    aliases: [],
    words: '',
    summary: 'host by host: release, rotation, health; who deploys now',
    options: ['config'],
    of: 'environment',
  },
  {
    name: 'current',
    aliases: ['curr'],
    words: '',
    summary: 'the commit that is activated, for scripts',
    options: ['config'],
    of: 'environment',
  },
  {
    name: 'previous',
    aliases: ['prev'],
    words: '',
    summary: 'the commit that a rollback goes back to',
    options: ['config'],
    of: 'environment',
  },
  {
    name: 'list',
    aliases: [],
    words: '',
    summary: 'the deployed commits, newest first: number, commit, date, who, release',
    options: ['config'],
    of: 'environment',
  },
  {
    name: 'exec',
    aliases: ['run'],
    words: '<command>',
    summary: 'run a command on all hosts at once, in the current release',
    options: ['config'],
    of: 'environment',
  },
  {
    name: 'resume',
    aliases: [],
    words: '',
    summary: 'say yes to a deploy that waits, or go on with one that was cut off',
    options: [...onFleet, 'migrate', 'wait'],
    of: 'environment',
  },
  {
    name: 'abort',
    aliases: [],
    words: '',
    summary: 'say no to a deploy that waits, or take back one that was cut off',
    options: [...onFleet, 'wait'],
    of: 'environment',
  },
  {
    name: 'unlock',
    aliases: [],
    words: '',
    summary: 'who deploys; takes the lock away from them',
    options: ['config', 'force'],
    of: 'environment',
  },
  {
    name: 'setup',
    aliases: [],
    words: '',
    summary: 'once, and for each new host: folders on the hosts, files on the balancer',
    options: ['config', 'ref', 'hosts', 'undo', 'force'],
    of: 'environment',
  },
  {
    name: 'init',
    aliases: [],
    words: '',
    summary: 'a configuration, by a few questions or by options; what to add, where there is one',
    options: ['yaml', ...initFlags],
    of: 'nothing',
  },
  {
    name: 'help',
    aliases: [],
    words: '[command]',
    summary: 'all about a command; `help config [key]`: all about the configuration',
    options: [],
    of: 'nothing',
  },
  {
    name: 'completion',
    aliases: [],
    words: '<shell>',
    summary: 'a script for bash, zsh or fish, by which Tab completes',
    options: [],
    of: 'nothing',
  },
] as const satisfies readonly Verb[]

type Entry = (typeof verbs)[number]

export type VerbName = Entry['name']

/** By its name or another name for it. */
export function findVerb(word: string): Entry | undefined {
  return verbs.find(({ name, aliases }) => name === word || (aliases as readonly string[]).includes(word))
}

/** The verbs whose output is an answer to read or to pipe, and not the story of how it was had. */
export function isAnswer(verb: string): boolean {
  return ['current', 'previous', 'list', 'exec'].includes(verb)
}

/** Every word that may follow an environment, in the order of the help. */
export const environmentWords: readonly string[] = verbs
  .filter(({ of }) => of === 'environment')
  .flatMap(({ name, aliases }) => [name, ...aliases])

/** The verbs that take that option. */
export function takersOf(option: OptionName): readonly VerbName[] {
  return verbs.filter(({ options }) => (options as readonly OptionName[]).includes(option)).map(({ name }) => name)
}
