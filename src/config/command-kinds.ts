/** What one command of a hook is to the running app. Only what is known to be harmless is done beside it. */
import { posix } from 'node:path'
import type { Command, Word } from './shell-text.ts'
import { readShell } from './shell-text.ts'

/** Inside the release: the folder relative to its top, `.` or `api`. null: somewhere else, or not known. */
export type Directory = string | null

export type CommandKind =
  /** Installs or builds inside the release. */
  | { readonly kind: 'prepare' }
  /** Sets something up for later commands: it holds in both halves, as `text`. */
  | { readonly kind: 'state'; readonly text: string; readonly directory: Directory }
  /** git that would move the release to another commit than the one asked for, or has nothing to do in it. */
  | { readonly kind: 'leave-out' }
  /** Anything else: only while the host is out. `directory` is where the next command stands. */
  | { readonly kind: 'activate'; readonly directory: Directory }

const stateful = new Set(['export', 'source', '.', 'set', 'unset', 'umask', 'ulimit', 'shopt', 'alias'])
/** What other tools' habit has to do before each deploy, and what a release, which is laid out fresh, has no use for. */
const needless = new Set('fetch stash clean restore'.split(' '))
const moving = new Set('pull reset checkout switch merge rebase revert cherry-pick'.split(' '))

/** `base` is the configuration's `path`: `<base>/current` and `<base>/source` mean the release. */
export function commandKind(command: Command, directory: Directory, base: string): CommandKind {
  const words = simpleCommand(command.words)
  const [first, second] = words.map((word) => word.value)
  const activate: CommandKind = { kind: 'activate', directory }
  // A substitution computes a value, we trust; but not one that talks to the process manager.
  if (/(\$\(|`)[\s\S]*\bpm2\b/.test(command.text)) return activate
  if (words.length === 0 || stateful.has(first ?? '')) return { kind: 'state', text: command.text, directory }
  if ((first === 'nvm' || first === 'fnm') && (second === 'use' || second === 'install')) {
    return { kind: 'state', text: command.text, directory }
  }
  if (first === 'cd') return changeDirectory(command, { words, directory, base })
  if (directory !== null && isLeftOut(words)) return { kind: 'leave-out' }
  return directory !== null && isHarmless(words, directory) ? { kind: 'prepare' } : activate
}

/** True for `git pull` and its like in the release: it would leave the commit that was asked for. */
export function movesTheCommit(words: readonly Word[]): boolean {
  return moving.has(gitVerb(words))
}

/** True for `git fetch` and its like too: nothing that a release needs. */
export function isLeftOut(words: readonly Word[]): boolean {
  return movesTheCommit(words) || needless.has(gitVerb(words))
}

/** '' for `git -C elsewhere pull`: that is another repository. */
function gitVerb(words: readonly Word[]): string {
  const [git, ...others] = simpleCommand(words).map((word) => word.value ?? '')
  if (git !== 'git' || others.some((word) => word === '-C' || word.startsWith('--git-dir'))) return ''
  return others.find((word, index) => !word.startsWith('-') && others[index - 1] !== '-c') ?? ''
}

function changeDirectory(
  command: Command,
  { words, directory, base }: { words: readonly Word[]; directory: Directory; base: string },
): CommandKind {
  const word = words[1]
  const target = word?.value ?? word?.text.replaceAll(/["']/g, '').replace(/^\$(?:HOME|\{HOME\})(?=\/)/, '~')
  if (words.length !== 2 || target === undefined || /[$`*?]|^-/.test(target))
    return { kind: 'activate', directory: null }
  const inRelease = insideRelease(target, base)
  if (inRelease !== null) {
    if (directory === null) return { kind: 'activate', directory: inRelease }
    // While it is prepared, `current` is still the old release: the absolute path would change what runs.
    const text = `cd ./${posix.relative(directory, inRelease)}`.replace(/\/$/, '')
    return { kind: 'state', text, directory: inRelease }
  }
  if (directory === null || /^[/~]/.test(target)) return { kind: 'activate', directory: null }
  const next = posix.normalize(posix.join(directory, target)).replace(/(?<=.)\/$/, '')
  if (next === '..' || next.startsWith('../')) return { kind: 'activate', directory: null }
  return { kind: 'state', text: command.text, directory: next }
}

function insideRelease(target: string, base: string): Directory {
  const relative = posix.relative(posix.normalize(base), posix.normalize(target))
  const [top, ...rest] = relative.split('/')
  return top === 'current' || top === 'source' ? posix.join('.', ...rest) : null
}

const installVerbs: Readonly<Record<string, readonly string[]>> = {
  npm: ['ci', 'clean-install', 'install', 'i', 'prune', 'rebuild'],
  yarn: ['', 'install', 'build', 'compile'],
  pnpm: ['ci', 'install', 'i', 'prune', 'rebuild', 'build', 'compile'],
  bun: ['ci', 'install', 'i', 'build'],
}
const runVerbs = ['run', 'run-script']

/** `build`, `build:prod`, `compile`; not `build:watch`, and not what says that it does more than build. */
const buildScript = /^(build|compile|bundle|transpile)([:._-][\w:.-]*)?$/
const doesMore = /watch|serve|start|stop|deploy|publish|release|upload|push|migrat|seed|db|pm2/i

/** Options that are followed by a word of their own. */
const optionsWithValue = new Set([
  '-w',
  '--workspace',
  '--filter',
  '-F',
  '--loglevel',
  '--registry',
  '--cache',
  '--omit',
])
const folderOptions = new Set(['--prefix', '--cwd', '--dir', '-C'])

function isHarmless(words: readonly Word[], directory: string): boolean {
  const [tool = '', ...others] = words.map((word) => word.value ?? word.text)
  if (tool === 'git') return others[0] === 'submodule' && ['update', 'init', 'sync'].includes(others[1] ?? '')
  const verbs = installVerbs[tool]
  if (verbs === undefined || others.some((word) => /^(-g|--global|--location(=.*)?|global)$/.test(word))) return false
  const folders = others.flatMap((word, index) => folderOf(word, others[index + 1]))
  if (!folders.every((folder) => isInside(directory, folder))) return false
  return isInstallOrBuild(tool, verbs, positional(others))
}

function isInstallOrBuild(tool: string, verbs: readonly string[], arguments_: readonly string[]): boolean {
  const [verb = '', script = '', third = ''] = arguments_
  if (tool === 'yarn' && verb === 'workspace') return isInstallOrBuild(tool, verbs, arguments_.slice(2))
  if (tool === 'yarn' && verb === 'workspaces')
    return isInstallOrBuild(tool, ['install'], third === '' ? [script] : [script, third])
  if (runVerbs.includes(verb)) return isBuild(script)
  return verbs.includes(verb) || (tool !== 'npm' && tool !== 'bun' && isBuild(verb))
}

function isBuild(script: string): boolean {
  return buildScript.test(script) && !doesMore.test(script)
}

/** Words that are neither options nor the values of options. What stands behind `--` goes to the script. */
function positional(words: readonly string[]): readonly string[] {
  const end = words.indexOf('--')
  return (end < 0 ? words : words.slice(0, end)).filter((word, index, all) => {
    const before = all[index - 1] ?? ''
    return !word.startsWith('-') && !optionsWithValue.has(before) && !folderOptions.has(before)
  })
}

function folderOf(word: string, next: string | undefined): readonly string[] {
  if (folderOptions.has(word)) return [next ?? '/']
  const [option = '', value] = word.split('=', 2)
  return value !== undefined && folderOptions.has(option) ? [value] : []
}

function isInside(directory: string, folder: string): boolean {
  if (/^[/~]|[$`]/.test(folder)) return false
  const target = posix.join(directory, folder)
  return target !== '..' && !target.startsWith('../')
}

const keywords = new Set('if then elif else while until do time ! {'.split(' '))
const wrappers = new Set('sudo npx pnpx bunx yarn pnpm bun npm exec x dlx env nohup command'.split(' '))
const shells = new Set(['sh', 'bash', 'zsh', 'dash', 'su', 'runuser'])

/** True where the command is pm2's, behind whatever stands before it: `sudo -u app NODE_ENV=x npx pm2@7 …`, `bash -lc 'pm2 …'`. */
export function callsPm2(command: Command): boolean {
  const words = simpleCommand(command.words)
  if (shells.has(words[0]?.value ?? '')) {
    return words.slice(1).some((word, index) => /^-\w*c$/.test(words[index]?.text ?? '') && textCallsPm2(word))
  }
  const at = words.findIndex(isPm2)
  if (at < 0) return false
  return words.slice(0, at).every((word, index) => isBeforePm2(word) || words[index - 1]?.text === '-u')
}

const startVerbs = 'start restart reload startOrRestart startOrReload startOrGracefulReload gracefulReload'.split(' ')

/** True where pm2's processes can read out of the command which apps it is about: not behind another user, nor inside another shell's text. */
export function namesPm2Apps(command: Command): boolean {
  const words = simpleCommand(command.words)
  const at = words.findIndex(isPm2)
  if (at < 0 || !words.slice(0, at).every(isBeforePm2)) return false
  return words.slice(at + 1).some((word) => startVerbs.includes(word.value ?? ''))
}

function isPm2(word: Word): boolean {
  return /(^|\/)pm2(@[\w.^~-]+)?$/.test(word.value ?? word.text)
}

function isBeforePm2(word: Word): boolean {
  return wrappers.has(word.text) || word.text.startsWith('-') || isAssignment(word)
}

function textCallsPm2(word: Word): boolean {
  const text = word.value ?? word.text.replace(/^"([\s\S]*)"$/, '$1')
  return text.length < word.text.length && readShell(text).commands.some(callsPm2)
}

/** The command itself, without the assignments before it, and without keywords where it stands in an `if` or a loop. */
function simpleCommand(words: readonly Word[]): readonly Word[] {
  const at = words.findIndex((word) => !isAssignment(word) && !keywords.has(word.text))
  return at < 0 ? [] : words.slice(at)
}

function isAssignment(word: Word): boolean {
  return /^[A-Za-z_]\w*\+?=/.test(word.text)
}
