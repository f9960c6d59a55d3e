/** What the switch folder and nginx's answers mean. Pure. */
import { everybodyIn, type OutSet } from './pools.ts'
import { poolOf, type Rendered } from './render.ts'

/** What one look at the machine showed, as `observeScript` prints it. */
export interface SwitchFacts {
  /** The switch files: one, if all is well. */
  readonly files: readonly string[]
  /** What nginx said, each `<pool> <hash>`; '' where it said nothing. */
  readonly answers: readonly string[]
  readonly journal: readonly string[]
  /** The hash of the rendering that `setup` saw live, the user's site included; null: none. */
  readonly live: string | null
  /** Workers from before the switch that still serve. */
  readonly oldWorkers: readonly string[]
  /** What is not there: `folder`, `writing`, `asking`, `holding`, `ss`. */
  readonly lacks: readonly string[]
}

/** One line of the journal: what a deploy was about to do. */
export interface JournalLine {
  readonly from: string
  /** Host names that were out by hand before, and are after it. */
  readonly fromByHand: readonly string[]
  readonly out: string
  readonly byHand: readonly string[]
}

/** The switch as it stands. `byHand`: those of `out` that no deploy of ours took out. */
export interface SwitchState {
  readonly file: string
  readonly out: readonly string[]
  readonly byHand: readonly string[]
  readonly lastLine: JournalLine | null
}

/** Why the switch cannot be relied on, and what to do about it. */
export interface Trouble {
  readonly trouble: string
  readonly hint: string
}

export function readFacts(stdout: string): SwitchFacts {
  const lines = stdout.split('\n')
  const facts = (kind: string): readonly string[] =>
    lines.flatMap((line) => (line.startsWith(`${kind} `) ? [line.slice(kind.length + 1).trim()] : []))
  return {
    files: facts('file'),
    answers: facts('answer'),
    journal: facts('journal'),
    live: facts('live')[0]?.split(' ')[0] ?? null,
    oldWorkers: facts('old'),
    lacks: facts('no'),
  }
}

/** The state, or what is wrong with it. nginx's own word counts; the folder only has to agree with it. */
export function interpret(facts: SwitchFacts, rendered: Rendered): SwitchState | Trouble {
  const { folder } = rendered
  const setup = 'Run `zdr-deploy <environment> setup`.'
  if (facts.lacks.includes('folder'))
    return { trouble: `there is no switch folder ${folder} that can be entered`, hint: setup }
  const [file, second] = facts.files
  if (file === undefined) return { trouble: `${folder} holds no switch file`, hint: `${setup} It puts \`in\` there.` }
  if (second !== undefined) {
    return {
      trouble: `${folder} holds several switch files: ${facts.files.join(', ')}`,
      hint: 'Leave the one that is meant.',
    }
  }
  const [answer = '', other] = [...new Set(facts.answers)]
  if (answer === '' || other === '') return { trouble: 'nginx does not answer at its status port', hint: setup }
  const [pool, hash] = answer.split(' ')
  if (hash !== rendered.hash) return { trouble: 'nginx runs other pools than this fleet needs', hint: setup }
  const set = rendered.outSets.find((candidate) => candidate.file === file)
  if (!set) {
    return {
      trouble: `${folder}/${file} is no switch file that nginx knows: everybody is in`,
      hint: `Rename it to \`${everybodyIn}\`.`,
    }
  }
  if (pool === 'blind') {
    return {
      trouble: `nginx cannot see ${folder}/${file}: everybody is in, whatever stands there`,
      hint: `Its workers must be able to enter ${folder} and every folder above it (chmod a+x).`,
    }
  }
  if (other !== undefined || pool !== poolOf(rendered.variable, file)) {
    return {
      trouble: `nginx says ${facts.answers.join(', ')}, and ${folder} says ${file}`,
      hint: 'Somebody is changing it right now. Try again.',
    }
  }
  const lastLine = parseJournal(facts.journal)
  return { file, out: set.hosts, byHand: outByHand(set, lastLine, rendered.outSets), lastLine }
}

export function isTrouble(state: SwitchState | Trouble): state is Trouble {
  return 'trouble' in state
}

/** The last whole line. One that was torn by a crash was never followed by its rename. */
export function parseJournal(lines: readonly string[]): JournalLine | null {
  for (const line of lines.toReversed()) {
    const parsed = parseLine(line)
    if (parsed) return parsed
  }
  return null
}

/**
 * The file stands as our last line said, or as it stood before (announced, and never done): then that line knows.
 * Otherwise a person renamed it since, and whoever they added is out by hand; a host that our last line had out for
 * a deploy is still ours to put back, also when a person took out another one beside it.
 */
function outByHand(set: OutSet, line: JournalLine | null, sets: readonly OutSet[]): readonly string[] {
  if (!line) return set.hosts
  if (set.file === line.out) return set.hosts.filter((host) => line.byHand.includes(host))
  if (set.file === line.from) return set.hosts.filter((host) => line.fromByHand.includes(host))
  const before = sets.find(({ file }) => file === line.out)?.hosts ?? []
  const ours = before.filter((host) => !line.byHand.includes(host))
  return set.hosts.filter((host) => !ours.includes(host))
}

function parseLine(line: string): JournalLine | null {
  try {
    const value: unknown = JSON.parse(line)
    return isJournalLine(value) ? value : null
  } catch {
    return null
  }
}

function isJournalLine(value: unknown): value is JournalLine {
  if (typeof value !== 'object' || value === null) return false
  const { from, fromByHand, out, byHand } = value as Partial<Record<keyof JournalLine, unknown>>
  return typeof from === 'string' && typeof out === 'string' && Array.isArray(fromByHand) && Array.isArray(byHand)
}
