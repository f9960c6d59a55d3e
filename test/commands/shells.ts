/** Real shells that are asked what Tab offers, with the command as an installed one. */
import { execFile } from 'node:child_process'
import { chmod } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import type { Shell } from '../../src/commands/completion.ts'
import { folderWith } from '../config/temporary.ts'

const root = join(import.meta.dirname, '../..')
const run = promisify(execFile)
const TIMEOUT_MS = 30_000

export interface Ground {
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
}

export async function installed(files: Readonly<Record<string, string>>): Promise<Ground> {
  const jiti = join(root, 'node_modules/jiti/lib/jiti-cli.mjs')
  const program = `#!/bin/sh\nexec '${process.execPath}' '${jiti}' '${join(root, 'src/cli.ts')}' "$@"\n`
  const folder = await folderWith({ 'bin/zdr-deploy': program, ...files })
  await chmod(join(folder, 'bin/zdr-deploy'), 0o755)
  const path = [join(folder, 'bin'), process.env.PATH].join(delimiter)
  return { folder, env: { ...process.env, PATH: path, HOME: folder, ZDOTDIR: folder, XDG_CONFIG_HOME: folder } }
}

/** What Tab offers behind that line; `files` where that is left to the shell. Of bash, what it puts behind its last word break. */
export async function offered(shell: Shell, line: string, { folder, env }: Ground): Promise<readonly string[]> {
  // fish counts what stands behind its script from 1, the others from 0.
  const words = ['-c', scripts[shell], ...(shell === 'fish' ? [] : [shell]), line]
  const { stdout } = await run(shell, words, { cwd: folder, env, timeout: TIMEOUT_MS })
  return stdout.split('\n').flatMap((found) => (found === '' ? [] : [found.split('\t')[0] ?? '']))
}

/** These variables are what bash gives to a function that completes. */
const bash = `eval "$(zdr-deploy completion bash)"
COMP_LINE=$1 COMP_POINT=\${#1}
[[ $(complete -p zdr-deploy) == 'complete -o default -F _zdr_deploy zdr-deploy' ]] || exit 1
_zdr_deploy
printf '%s\\n' "\${COMPREPLY[@]-files}"`

/** What zsh has for it is there only while somebody types: its words are given, and what is added is printed. */
const zsh = `compdef() { [[ "$*" == '_zdr-deploy zdr-deploy' ]] || exit 1 }
compadd() { print -rl -- "\${(@P)\${@[-1]}}" }
_files() { print files }
eval "$(zdr-deploy completion zsh)"
words=("\${(@s: :)1}") CURRENT=\${#words} PREFIX=$words[-1]
_zdr-deploy`

const fish = `zdr-deploy completion fish | source
function __fish_complete_path; echo files; end
complete --do-complete $argv[1]`

const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish }
