/** What stands on a host, read in one run. The script needs only sh and the usual tools; what it prints is parsed here. */
import { UserError } from '../errors.ts'
import type { HistoryEntry, Manifest, MigrationEntry } from './history.ts'
import { type JournalEntry, readJournal } from './journal.ts'
import type { Layout } from './layout.ts'
import { releasePattern } from './release.ts'
import { quote } from './shell.ts'

/** Where `current` leads. `other`: a link to something that is no release of ours, or to nothing at all. */
export type Current =
  | { readonly kind: 'none' }
  | { readonly kind: 'release'; readonly id: string }
  | { readonly kind: 'other'; readonly path: string }
  | { readonly kind: 'folder' }

export interface Inspection {
  readonly current: Current
  /** Ids of the release folders, oldest first. */
  readonly releases: readonly string[]
  readonly manifests: readonly Manifest[]
  /** Oldest first. */
  readonly history: readonly HistoryEntry[]
  /** Oldest first. */
  readonly migrations: readonly MigrationEntry[]
  /** The last deploys, oldest first. What of it is not understood is passed over, and not named. */
  readonly journal: readonly JournalEntry[]
  /** What could not be understood: `releases/<id>.json`, `history.jsonl:12`. Passed over, and named. */
  readonly unreadable: readonly string[]
  /** Where releases are, or are to be; null where that could not be had. */
  readonly freeBytes: number | null
  /** There; null also where a filesystem has no fixed number of them. */
  readonly freeInodes: number | null
}

/** Of the history, and of the migrations. */
const linesMax = 1000
/** Of the journal: the last deploys. */
const journalLinesMax = 100
/** Stands before each of our lines, for a login shell may print what it likes around them. */
const mark = 'zdr-inspect'

export function inspectScript(layout: Layout): string {
  return `set -u
export LC_ALL=C
say() { printf '${mark}\\t%s\\t%s\\n' "$1" "$2"; }
# Nothing in a file can end a line of ours: JSON has no raw line end inside a string.
one_line() { tr -d '\\000\\r\\n'; }
releases=${quote(layout.releases)} current=${quote(layout.current)}
manifests=${quote(layout.manifests)}
real() { (cd -P "$1" 2>/dev/null && pwd -P); }
say begin ''
if [ -L "$current" ]; then
  target=$(real "$current") || target=
  # One that was taken over is a link to where it was.
  for folder in "$releases"/${releasePattern}; do
    [ -n "$target" ] && [ -L "$folder" ] && [ "$(real "$folder")" = "$target" ] || continue
    target=$(real "$releases")/\${folder##*/}
    break
  done
  if [ -n "$target" ] && [ "\${target%/*}" = "$(real "$releases")" ]; then say release-active "\${target##*/}"
  else say other "$(readlink "$current" | one_line)"; fi
elif [ -e "$current" ]; then say folder ''; fi
for folder in "$releases"/${releasePattern}; do
  [ ! -d "$folder" ] || say release "\${folder##*/}"
done
for file in "$manifests"/${releasePattern}.json; do
  [ ! -f "$file" ] || say manifest "\${file##*/}\t$(one_line < "$file")"
done
say_lines() {
  [ -f "$2" ] || return 0
  lines=$(wc -l < "$2")
  say "$1-lines" "$((lines))"
  tail -n "$3" "$2" | tr -d '\\000\\r' | sed "s/^/$(printf '${mark}\\t%s\\t' "$1")/"
  # A torn last line has no end.
  echo
}
say_lines history ${quote(layout.history)} ${linesMax}
say_lines migration ${quote(layout.migrations)} ${linesMax}
say_lines journal ${quote(layout.journal)} ${journalLinesMax}
place=$releases
until [ -d "$place" ] || [ "$place" = / ]; do place=$(dirname "$place"); done
# A filesystem without a fixed number of inodes shows "-" for the share in use, and is passed over.
say free "$(df -Pk "$place" 2>/dev/null | sed -n 's/.* \\([0-9][0-9]*\\)  *[0-9][0-9]*% .*/\\1/p')"
say free-inodes "$(df -Pi "$place" 2>/dev/null | sed -n 's/.* \\([0-9][0-9]*\\)  *[0-9][0-9]*% .*/\\1/p')"
say end ''
`
}

/** Rejects half an answer with UserError `host-command`: a release that is not seen might be pruned. */
export function parseInspection(stdout: string): Inspection {
  const facts = stdout.split('\n').flatMap((line) => readFact(line))
  if (facts[0]?.name !== 'begin' || facts.at(-1)?.name !== 'end') {
    throw new UserError('host-command', 'the host did not tell all that stands on it', { output: stdout.slice(-2000) })
  }
  const values = (name: string): readonly string[] => facts.filter((fact) => fact.name === name).map((f) => f.value)
  const manifests = values('manifest').map(readManifest)
  const entries = <Entry>(name: string, file: string, isEntry: (value: unknown) => value is Entry) => {
    const first = firstLine(values(`${name}-lines`)[0], values(name).length)
    return values(name).map((line, index) => readEntry(line, `${file}:${first + index}`, isEntry))
  }
  const history = entries('history', 'history.jsonl', isHistoryEntry)
  const migrations = entries('migration', 'migrations.jsonl', isMigrationEntry)
  const free = values('free')[0] ?? ''
  const freeInodes = values('free-inodes')[0] ?? ''
  return {
    current: readCurrent(facts),
    releases: values('release').toSorted(),
    manifests: manifests.flatMap((read) => read.found ?? []),
    history: history.flatMap((read) => read.found ?? []),
    migrations: migrations.flatMap((read) => read.found ?? []),
    journal: readJournal(values('journal')),
    unreadable: [...manifests, ...history, ...migrations].flatMap((read) => (read.found === null ? [read.name] : [])),
    freeBytes: free === '' ? null : Number(free) * 1024,
    freeInodes: freeInodes === '' ? null : Number(freeInodes),
  }
}

interface Fact {
  readonly name: string
  readonly value: string
}

interface Read<T> {
  readonly name: string
  /** null where it could not be understood. */
  readonly found: T | null
}

function readFact(line: string): readonly Fact[] {
  const [head, name, ...rest] = line.split('\t')
  return head === mark && name !== undefined ? [{ name, value: rest.join('\t') }] : []
}

function readCurrent(facts: readonly Fact[]): Current {
  for (const { name, value } of facts) {
    if (name === 'release-active') return { kind: 'release', id: value }
    if (name === 'other') return { kind: 'other', path: value }
    if (name === 'folder') return { kind: 'folder' }
  }
  return { kind: 'none' }
}

/** `wc` counts line ends, so it leaves out a torn last line: then more came than it says. */
function firstLine(counted: string | undefined, came: number): number {
  return Math.max(0, Number(counted ?? 0) - came) + 1
}

function readManifest(value: string): Read<Manifest> {
  const [file = '', ...rest] = value.split('\t')
  const found = parseObject(rest.join('\t'))
  return { name: `releases/${file}`, found: isManifest(found) && `${found.id}.json` === file ? found : null }
}

function readEntry<Entry>(line: string, name: string, isEntry: (value: unknown) => value is Entry): Read<Entry> {
  const found = parseObject(line)
  return { name, found: isEntry(found) ? found : null }
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

function isManifest(value: object): value is Manifest {
  const it: Partial<Record<keyof Manifest, unknown>> = value
  return (
    [it.id, it.sha, it.ref, it.at, it.environment].every((text) => typeof text === 'string') &&
    ['prepared', 'activated', 'verified', 'failed'].some((state) => state === it.state) &&
    ['pm2', 'command'].some((manager) => manager === it.manager) &&
    isTexts(it.prepare) &&
    isTexts(it.activate) &&
    (it.byLockfile ?? true) === true &&
    (it.takenOver ?? true) === true &&
    isTexts(it.shared ?? []) &&
    [it.env, it.uploads ?? {}].every(
      (texts) => typeof texts === 'object' && texts !== null && isTexts(Object.values(texts)),
    )
  )
}

function isHistoryEntry(value: unknown): value is HistoryEntry {
  const it = value as Partial<Record<keyof HistoryEntry, unknown>>
  return isTexts([it.at, it.release, it.sha, it.by]) && (it.kind === 'deploy' || it.kind === 'rollback')
}

function isMigrationEntry(value: unknown): value is MigrationEntry {
  const it = value as Partial<Record<keyof MigrationEntry, unknown>>
  const isState = ['started', 'done', 'failed'].some((state) => state === it.state)
  return isTexts([it.at, it.run, it.sha, it.command, it.by]) && isState
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string')
}
