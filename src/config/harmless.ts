/** Commands that only install, build or show something inside the release. What is not known here is not harmless. */
import { posix } from 'node:path'
import { isHarmlessGit } from './git-commands.ts'
import { leadsOutside } from './outside.ts'
import type { Standing } from './release-folder.ts'
import type { Command, Word } from './shell-text.ts'
import { simpleCommand } from './simple-command.ts'

const installVerbs: Readonly<Record<string, readonly string[]>> = {
  npm: ['ci', 'clean-install', 'install', 'i', 'prune', 'rebuild'],
  yarn: ['', 'install', 'build', 'compile'],
  pnpm: ['ci', 'install', 'i', 'prune', 'rebuild', 'build', 'compile'],
  bun: ['ci', 'install', 'i', 'build'],
}
const runVerbs = ['run', 'run-script']

/** By their first argument; '' for none. They write into the release, and ask nothing but it. */
const builders: Readonly<Record<string, readonly string[]>> = {
  tsc: [''],
  next: ['build'],
  nuxt: ['build', 'generate'],
  vite: ['build'],
  nest: ['build'],
  ng: ['build'],
  prisma: ['generate'],
}
const builderRunners: Readonly<Record<string, readonly string[]>> = {
  npx: [],
  bunx: [],
  pnpx: [],
  yarn: [],
  pnpm: ['exec'],
  npm: ['exec'],
}

/** They write nothing, as long as they are not redirected. */
const showing = new Set('echo printf pwd ls whoami which true test ['.split(' '))
const versions = new Set('node npm yarn pnpm bun npx'.split(' '))

/** What an install brings, and may be asked to bring anew. */
const installed = new Set(
  'node_modules package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock'.split(' '),
)

/** `build`, `build:prod`, `compile`; not `build:watch`, and not what says that it does more than build. */
const buildScript = /^(build|compile|bundle|transpile)([:._-][\w:.-]*)?$/
const doesMore = /watch|serve(?!r)|start|stop|deploy|publish|release|upload|push|migrat|seed|db|pm2/i

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
/** In `directory`, which is one of the release. */
export function isHarmless(command: Command, directory: string, { base, leadsOut }: Standing): boolean {
  const words = simpleCommand(command.words)
  const [tool = '', ...others] = namesOf(words)
  if (tool === 'git' && others.some((word) => word.startsWith('--output'))) return false
  if (tool === 'git') return isHarmlessGit(words, { directory, base, leadsOut })
  if (showing.has(tool)) return command.redirections.every((text) => /&\d$|\/dev\/null$/.test(text))
  if (versions.has(tool) && others.length === 1 && /^(-v|--version)$/.test(others[0] ?? '')) return true
  if (leadsOutside(command.words, directory)) return false
  if (tool === 'rm' || tool === 'mkdir') return words.slice(1).every((word) => isKnownPlace(tool, word))
  if (isGlobal(others)) return false
  const verbs = installVerbs[tool]
  const asked = positional(others)
  // An install writes where its own options say.
  if (verbs?.includes(asked[0] ?? '') && !isBuild(asked[0] ?? '')) return true
  if (leadsOut) return false
  return (verbs !== undefined && isInstallOrBuild(tool, verbs, asked)) || isBuilder([tool, ...others])
}

/** Without folders before the tool where it is one that the machine or the release has installed. */
function namesOf(words: readonly Word[]): readonly string[] {
  const [tool = '', ...others] = words.map((word) => word.value ?? word.text)
  return [/^[/~]|^(\.\/)?node_modules\/\.bin\//.test(tool) ? posix.basename(tool) : tool, ...others]
}

function isGlobal(others: readonly string[]): boolean {
  return others.some((word) => /^(-[A-Za-z]*g[A-Za-z]*|--global|--location(=.*)?|global)$/.test(word))
}

/** `mkdir -p logs`, `rm -rf node_modules`: what the shell would work out first may be anything. */
function isKnownPlace(tool: 'rm' | 'mkdir', { value }: Word): boolean {
  if (value === null) return false
  return /^-[prRfv]+$/.test(value) || (tool === 'mkdir' ? !value.startsWith('-') : installed.has(posix.basename(value)))
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

/** `tsc -p .`, `npx next build`, `pnpm exec prisma generate`. */
function isBuilder(words: readonly string[]): boolean {
  const [first = '', ...rest] = words
  const before = builderRunners[first]
  if (before !== undefined) {
    const behind = rest.filter((word) => !/^(--|-y|--yes|--no-install|--bun)$/.test(word))
    return before.every((word, index) => behind[index] === word) && isBuilder(behind.slice(before.length))
  }
  const verb = rest[0]?.startsWith('-') === false ? rest[0] : ''
  return builders[first]?.includes(verb) === true && !rest.some((word) => word === '-w' || doesMore.test(word))
}

/** Words that are neither options nor the values of options. What stands behind `--` goes to the script. */
function positional(words: readonly string[]): readonly string[] {
  const end = words.indexOf('--')
  return (end < 0 ? words : words.slice(0, end)).filter((word, index, all) => {
    const before = all[index - 1] ?? ''
    return !word.startsWith('-') && !optionsWithValue.has(before) && !folderOptions.has(before)
  })
}
