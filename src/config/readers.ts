/** Substitutions: what is run for its output alone. Each half runs it anew, and the first one beside the running app. */
import { type Command, readShell, substitutions } from './shell-text.ts'

const readers = new Set(
  'arch basename cat cut dirname echo expr false getconf grep head id jq ls nproc printenv printf pwd readlink realpath tail test tr true uname wc which whoami ['.split(
    ' ',
  ),
)
const gitReaders = new Set(
  'cat-file describe diff log ls-files merge-base name-rev rev-list rev-parse show status'.split(' '),
)

/** By all its words: those of its programs that do more than read are told by their options. */
const readingCalls =
  /^(date( (-[uIR]+|--utc|--iso-8601|--rfc-3339|\+|-d|--date)\S*( .*)?)?|hostname( -\w+)?|node (-p|--print|-v|--version)( .*)?|(npm|yarn|pnpm|bun) (-v|--version)|command -v .*|xargs( -\S+)*|git branch --show-current|git config --get .*|git symbolic-ref (-\S+ |--short )*HEAD)$/

/** True where each substitution in it only reads: running it once more, or beside the running app, does nothing to anybody. */
export function onlyReads(text: string): boolean {
  return substitutions(text).every((inside) => onlyReads(inside) && (isArithmetic(inside) || isReading(inside)))
}

/** True where what it reads is the time, of which the two halves would not agree. */
export function readsTheTime(text: string): boolean {
  return substitutions(text).some((inside) => /(^|[\s;&|(])date(\s|$)/.test(inside))
}

/** `$((1 + $(nproc)))`; not `$((a) && (b))`, which are commands. */
function isArithmetic(inside: string): boolean {
  const flat = substitutions(inside).reduce((text, each) => text.replace(`$(${each})`, '1'), inside)
  return /^\([^()`]*\)$/.test(flat)
}

function isReading(inside: string): boolean {
  const { commands } = readShell(inside)
  return commands.every(isReader)
}

function isReader({ words, redirections }: Command): boolean {
  const [program = '', verb = '', ...rest] = words.map(({ value, text }) => value ?? text)
  const isSilent = redirections.every((text) => /^\d*<(?![>&])|&\d$|\/dev\/null$/.test(text))
  if (!isSilent || [verb, ...rest].some((word) => word.startsWith('--output'))) return false
  const isGit = program === 'git' && gitReaders.has(verb)
  return isGit || readers.has(program) || readingCalls.test([program, verb, ...rest].join(' ').trim())
}
