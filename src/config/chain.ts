/** The commands of a hook, one after another, with what each is to the running app. Pure. */
import { shellText } from './calls-pm2.ts'
import { type CommandKind, commandKind } from './command-kinds.ts'
import { type GitKind, gitKind } from './git-commands.ts'
import { exportsOutside } from './outside.ts'
import { type Directory, isInRelease, type Standing } from './release-folder.ts'
import { type Command, readShell } from './shell-text.ts'
import { simpleCommand } from './simple-command.ts'

export interface Part {
  readonly text: string
  readonly kind: CommandKind['kind']
  /** Where it stands. */
  readonly directory: Directory
  /** Where it is no single command: what makes it none, in words. */
  readonly why: string | null
  /** It begins with what could be prepared, stood it alone. */
  readonly isLedByHarmless: boolean
  /** git commands that were taken out of it. */
  readonly leftOut: readonly GitCommand[]
  /** git commands that have no place in it and cannot be taken out. */
  readonly fixed: readonly GitCommand[]
}

export interface GitCommand {
  readonly text: string
  readonly git: Exclude<GitKind, 'other'>
}

/**
 * The texts, and the lines of each, are a chain like one of `&&`: the first failure ends it. A text with anything else
 * in it than plain commands (`||`, `;`, `|`, `&`, `if`, a subshell) is one part. They begin at the top of the release;
 * `base` is the configuration's `path`.
 */
export function readChain(texts: readonly string[], base: string): readonly Part[] {
  let standing: Standing = { directory: '.', base, leadsOut: false }
  return texts.flatMap((text) => {
    const { commands, notPlain } = readShell(text)
    const { directory } = standing
    const steps = readSteps(commands, standing)
    standing = steps.at(-1)?.after ?? standing
    return notPlain === null ? steps.map(plainPart) : [{ ...wholePart(text, steps), directory, why: notPlain }]
  })
}

interface Step {
  readonly command: Command
  readonly kind: CommandKind
  readonly git: GitKind
  readonly inside: readonly GitCommand[]
  readonly directory: Directory
  /** Where the next command stands. */
  readonly after: Standing
}

function readSteps(commands: readonly Command[], from: Standing): readonly Step[] {
  let standing = from
  return commands.map((command) => {
    const { directory } = standing
    const kind = commandKind(command, standing)
    const git = gitKind(command.words, standing)
    const inside = readSteps(shellText(command)?.commands ?? [], standing).flatMap((step) => [
      ...gitCommands(step).filter((each) => each.git !== 'needless'),
      ...step.inside,
    ])
    const leadsOut = standing.leadsOut || (isInRelease(directory) && exportsOutside(command, directory))
    standing = { ...standing, leadsOut, ...('directory' in kind ? { directory: kind.directory } : {}) }
    return { command, kind, git, inside, directory, after: standing }
  })
}

function plainPart(step: Step): Part {
  const { command, kind } = step
  const found = gitCommands(step)
  return {
    text: kind.kind === 'state' ? kind.text : command.text,
    kind: kind.kind,
    directory: step.directory,
    why: null,
    isLedByHarmless: false,
    leftOut: found.filter(({ git }) => git !== 'moves what is not known'),
    fixed: [...found.filter(({ git }) => git === 'moves what is not known'), ...step.inside],
  }
}

/** git becomes `true` there, which leaves what stands around it as it is. */
function wholePart(text: string, steps: readonly Step[]): Omit<Part, 'directory' | 'why'> {
  const parts = steps.map(plainPart)
  const rest = steps.reduceRight((left, { command, git }) => {
    const at = simpleCommand(command.words)[0]?.at
    return at === undefined || git === 'other' || git === 'moves what is not known'
      ? left
      : `${left.slice(0, at)}true${left.slice(command.end)}`
  }, text)
  return {
    text: rest.trim(),
    kind: 'activate',
    isLedByHarmless: parts.find(({ kind }) => kind !== 'state' && kind !== 'leave-out')?.kind === 'prepare',
    leftOut: parts.flatMap(({ leftOut }) => leftOut),
    fixed: parts.flatMap(({ fixed }) => fixed),
  }
}

function gitCommands({ command, git }: Step): readonly GitCommand[] {
  if (git === 'other') return []
  const at = simpleCommand(command.words)[0]?.at ?? command.at
  return [{ text: command.text.slice(at - command.at), git }]
}
