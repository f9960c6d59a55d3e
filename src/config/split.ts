import { command } from '../hosts/shell.ts'
import {
  type CommandKind,
  callsPm2,
  commandKind,
  type Directory,
  isLeftOut,
  movesTheCommit,
  namesPm2Apps,
} from './command-kinds.ts'
import { type Command, readShell } from './shell-text.ts'
import type { Split } from './types.ts'

export interface SplitOptions {
  /** The texts of `post-deploy`, in order. Each must succeed before the next begins. */
  readonly postDeploy: readonly string[]
  /** Written by the user to override what is read out of `postDeploy`; undefined where not written. */
  readonly install: readonly string[] | undefined
  readonly reload: readonly string[] | undefined
  /** The configuration's `path`. */
  readonly path: string
  /** The ecosystem file and the environment, for what pm2 deploy does without a `post-deploy`. */
  readonly file: string
  readonly environment: string
}

/**
 * What of a `post-deploy` is done beside the running app, and what while the host is out. Pure.
 *
 * Its texts, and the lines of each, are a chain like one of `&&`: the first failure ends it. The leading commands that
 * only install or build inside the release are prepared; from the first other one on, all runs while the host is out.
 * A text with anything else in it than plain commands (`||`, `;`, `|`, `&`, `if`, a subshell) is one command of which
 * nothing is known. Where pm2 is called nowhere, nothing is prepared: a script may need what stands before it.
 */
export function split(options: SplitOptions): Split {
  const { postDeploy, install, reload, path, file, environment } = options
  const chain = readChain(postDeploy, path)
  const written = postDeploy.length > 0
  const fallback = command('pm2', 'startOrRestart', file, '--env', environment)
  const manager = managerOf(reload ?? (written ? postDeploy : [fallback]))
  const isSplit = manager === 'pm2' || reload !== undefined
  const halves = isSplit ? chain : { prepare: [], activate: chain.all }
  const activate = reload ?? (written ? halves.activate : [fallback])
  const reasons = [
    ...(written && (install === undefined || reload === undefined) ? [chainReason(chain, isSplit)] : []),
    ...(written || reload !== undefined
      ? []
      : ['there is no `post-deploy`: pm2 starts what the ecosystem file says, as pm2 deploy does']),
    ...(install === undefined ? [] : ['`install` says what is prepared']),
    ...(reload === undefined ? [] : [reloadReason(chain.activate)]),
    ...chain.leftOut.map((text) => `\`${text}\` is left out: every host stands on the commit asked for already`),
  ]
  return { prepare: install ?? halves.prepare, activate, manager, reason: reasons.join('\n') }
}

/** What it means that pm2 is called, and no call of it says which apps to reload. */
export function pm2Warnings({ activate, manager }: Split): readonly string[] {
  const calls = activate.flatMap((text) => readShell(text).commands).filter(callsPm2)
  if (manager !== 'pm2' || calls.some(namesPm2Apps)) return []
  const shown = calls.map(({ text }) => `\`${shortened(text)}\``).join(', ')
  return [
    `which apps pm2 is to reload cannot be read out of ${shown || 'the commands'}: they are known by their folder alone, and one that pm2 keeps on an older release is not mended, so the deploy fails. Write it plainly, as the user that the app runs as: \`pm2 startOrReload ecosystem.config.js\``,
  ]
}

/** Commands that would leave the commit asked for, and that cannot be taken out of the text around them. */
export function fixedMoves(text: string): readonly string[] {
  const { commands, notPlain } = readShell(text)
  return notPlain === null ? [] : commands.filter(({ words }) => movesTheCommit(words)).map((move) => move.text)
}

/** The texts without the git commands that `split` leaves out too, and those commands. */
export function withoutGit(texts: readonly string[]): {
  readonly kept: readonly string[]
  readonly leftOut: readonly string[]
} {
  const parts = texts.flatMap(chainParts)
  const isMove = (part: Part) => part.command !== null && isLeftOut(part.command.words)
  const leftOut = parts.filter(isMove).map((part) => part.text)
  return {
    kept: leftOut.length === 0 ? texts : parts.filter((part) => !isMove(part)).map((part) => part.text),
    leftOut,
  }
}

interface Chain {
  readonly prepare: readonly string[]
  readonly activate: readonly string[]
  /** Everything, where nothing may be prepared. */
  readonly all: readonly string[]
  readonly leftOut: readonly string[]
  /** The first command that is not known to be harmless, and what is in its way where that is not the command itself. */
  readonly stop: { readonly text: string; readonly why: string | null } | null
}

function readChain(texts: readonly string[], base: string): Chain {
  const prepare: string[] = []
  const state: string[] = []
  const late: string[] = []
  const all: string[] = []
  const leftOut: string[] = []
  let prepared = 0
  let directory: Directory = '.'
  let stop: Chain['stop'] = null
  for (const part of texts.flatMap(chainParts)) {
    const kind = kindOfPart(part, directory, base)
    if (kind.kind === 'leave-out') {
      leftOut.push(part.text)
      continue
    }
    const text = kind.kind === 'state' ? kind.text : part.text
    all.push(text)
    if (kind.kind !== 'prepare') directory = kind.directory
    if (kind.kind === 'activate') stop ??= { text, why: part.why }
    if (stop !== null) late.push(text)
    else if (kind.kind === 'state') state.push(text)
    if (stop === null) prepare.push(text)
    if (stop === null && kind.kind === 'prepare') prepared = prepare.length
  }
  // What comes after the last install or build prepares nothing.
  return { prepare: prepare.slice(0, prepared), activate: [...state, ...late], all, leftOut, stop }
}

interface Part {
  readonly text: string
  /** null: of this text nothing is known. */
  readonly command: Command | null
  readonly why: string | null
}

function chainParts(text: string): readonly Part[] {
  const { commands, notPlain } = readShell(text)
  if (notPlain !== null) return [{ text: text.trim(), command: null, why: notPlain }]
  return commands.map((part) => ({ text: part.text, command: part, why: null }))
}

function kindOfPart({ command }: Part, directory: Directory, base: string): CommandKind {
  return command === null ? { kind: 'activate', directory: null } : commandKind(command, directory, base)
}

function managerOf(texts: readonly string[]): 'pm2' | 'command' {
  return texts.some((text) => readShell(text).commands.some(callsPm2)) ? 'pm2' : 'command'
}

function chainReason({ prepare, stop }: Chain, isSplit: boolean): string {
  if (!isSplit) return 'no pm2 command was recognised in `post-deploy`, so all of it runs while the host is out'
  if (stop === null) return 'all of `post-deploy` only installs or builds'
  const from = `\`${shortened(stop.text)}\`${stop.why === null ? '' : ` (it ${stop.why})`}`
  return prepare.length === 0
    ? `all of \`post-deploy\` runs while the host is out: ${from} is not known to be harmless to the running app`
    : `what stands before ${from} only installs or builds, so it is done beside the running app; the rest while the host is out`
}

function reloadReason(replaced: readonly string[]): string {
  return replaced.length === 0
    ? '`reload` says what runs while the host is out'
    : `\`reload\` runs while the host is out, in place of \`${shortened(replaced.join(' && '))}\``
}

const shownLength = 100

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ')
  return line.length <= shownLength ? line : `${line.slice(0, shownLength - 1)}…`
}
