import { command } from '../hosts/shell.ts'
import { callsPm2, namesPm2Apps } from './calls-pm2.ts'
import { type Part, readChain } from './chain.ts'
import { readShell } from './shell-text.ts'
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
 * The leading commands that only install, build or show something inside the release are prepared; from the first other
 * one on, all runs while the host is out. What earlier commands set up for later ones holds in both halves. Of a part that
 * is no single command nothing is known. Where pm2 is called nowhere, nothing is prepared: a script may need what stands
 * before it.
 */
export function split(options: SplitOptions): Split {
  const { postDeploy, install, reload, path, file, environment } = options
  const chain = readHalves(postDeploy, path)
  const written = postDeploy.length > 0
  const fallback = command('pm2', 'startOrRestart', file, '--env', environment)
  const manager = managerOf(reload ?? (written ? postDeploy : [fallback]))
  const isSplit = manager === 'pm2' || reload !== undefined
  const halves = isSplit ? chain : { prepare: [], activate: chain.all }
  const activate = reload ?? (written ? halves.activate.map((text) => withCurrent(text, path)) : [fallback])
  const byLockfile = install === undefined && !mayInstall(postDeploy, reload, path)
  const reasons = [
    ...(written && (install === undefined || reload === undefined) ? [chainReason(chain, isSplit)] : []),
    ...(written || reload !== undefined
      ? []
      : ['there is no `post-deploy`: pm2 starts what the ecosystem file says, as pm2 deploy does']),
    ...(install === undefined ? [] : ['`install` says what is prepared']),
    ...(byLockfile ? ['no command installs anything, so what the lockfile names is installed before them'] : []),
    ...(reload === undefined ? [] : [reloadReason(chain.activate)]),
    ...chain.leftOut.map((text) => `\`${text}\` is left out: every host stands on the commit asked for already`),
    ...(reload === undefined && halves.activate.some((text) => withCurrent(text, path) !== text)
      ? [`\`${path}/source\` is read as \`${path}/current\`: that is the release here`]
      : []),
  ]
  return {
    prepare: install?.flatMap(links) ?? halves.prepare,
    byLockfile,
    activate,
    manager,
    reason: reasons.join('\n'),
  }
}

/** The commands of a line that is a plain chain, so that one of them can be spared; another text as it is. */
function links(text: string): readonly string[] {
  const { commands, notPlain } = readShell(text)
  return notPlain !== null || text.includes('\n') ? [text] : commands.map((each) => each.text)
}

/** A command of `post-deploy` of which nothing is known may be an install as well as one that says so. */
function mayInstall(postDeploy: readonly string[], reload: readonly string[] | undefined, base: string): boolean {
  const says = (text: string): boolean => /\b(?:ci|install|i|add)\b|\byarn\s*(?:-|$)/.test(text)
  const isOfPm2 = (text: string): boolean => readShell(text).commands.every(callsPm2)
  const chain = readChain(postDeploy, base)
  const parts = chain.filter(({ kind }) => kind !== 'leave-out')
  return (
    parts.some(({ text, kind }) => says(text) || (kind === 'activate' && !isOfPm2(text))) || (reload ?? []).some(says)
  )
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

interface Halves {
  readonly prepare: readonly string[]
  readonly activate: readonly string[]
  /** Everything, where nothing may be prepared. */
  readonly all: readonly string[]
  readonly leftOut: readonly string[]
  /** The first part that is not known to be harmless. */
  readonly stop: Part | null
}

function readHalves(texts: readonly string[], base: string): Halves {
  const chain = readChain(texts, base)
  const parts = chain.filter(({ kind }) => kind !== 'leave-out')
  const textsOf = (some: readonly Part[]) => some.map(({ text }) => text)
  const firstStop = parts.findIndex(({ kind }) => kind === 'activate')
  const early = firstStop < 0 ? parts : parts.slice(0, firstStop)
  // What comes after the last install or build prepares nothing.
  const prepared = early.slice(0, early.findLastIndex(({ kind }) => kind === 'prepare') + 1)
  return {
    prepare: textsOf(prepared),
    activate: textsOf([...early.filter(({ kind }) => kind === 'state'), ...parts.slice(early.length)]),
    all: textsOf(parts),
    leftOut: chain.flatMap(({ leftOut }) => leftOut.map(({ text }) => text)),
    stop: parts[firstStop] ?? null,
  }
}

/** While a host is out, `current` is the new release. */
function withCurrent(text: string, base: string): string {
  return text.replaceAll(`${base}/source`, (found: string, at: number) =>
    /[\w.-]/.test(text.charAt(at + found.length)) ? found : `${base}/current`,
  )
}

function managerOf(texts: readonly string[]): 'pm2' | 'command' {
  return texts.some((text) => readShell(text).commands.some(callsPm2)) ? 'pm2' : 'command'
}

function chainReason({ prepare, stop }: Halves, isSplit: boolean): string {
  const couldBe = ' (`reload` and `install` can say it otherwise)'
  if (!isSplit)
    return `no pm2 command was recognised in \`post-deploy\`, so all of it runs while the host is out${prepare.length === 0 ? '' : couldBe}`
  if (stop === null) return 'all of `post-deploy` only installs or builds'
  const from = `\`${shortened(stop.text)}\`${stop.why === null ? '' : ` (it ${stop.why})`}`
  const asList = stop.isLedByHarmless ? '. Written as a list of commands, what leads it could be done before' : ''
  return prepare.length === 0
    ? `all of \`post-deploy\` runs while the host is out: ${from} is not known to be harmless to the running app${asList}`
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
