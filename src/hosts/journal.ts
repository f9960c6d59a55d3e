/**
 * What deploys did on a host, one line an event: by it the next one knows what was cut off. Append-only, written to the
 * disk before anything goes on, and to be read with `cat`.
 */
import type { OutcomeKind } from '../rollout/model.ts'
import { appendScript } from './history.ts'
import type { Layout } from './layout.ts'
import { quote } from './shell.ts'

interface Signature {
  /** ISO 8601, UTC, by the deployer's clock. */
  readonly at: string
  /** `ada@laptop` */
  readonly by: string
  /** Of the deploy: its entries share it, on every host. */
  readonly token: string
}

/** Stands on every host that takes part before anything else is changed on any of them. */
export interface Begun extends Signature {
  readonly event: 'begun'
  readonly kind: 'deploy' | 'rollback'
  /** What every host is to run. */
  readonly release: string
  /** Full. */
  readonly sha: string
  readonly ref: string
  /** What this host ran, verified; null: nothing certain, or nothing of ours. */
  readonly from: string | null
}

export interface Ended extends Signature {
  readonly event: 'ended'
  /** `failed`: before any host was taken out. */
  readonly outcome: OutcomeKind | 'failed'
  readonly exitCode: number
}

export type JournalEntry =
  | Begun
  | Ended
  | (Signature & { readonly event: 'prepared' | 'activated' | 'verified'; readonly release: string })
  | (Signature & {
      readonly event: 'failed'
      readonly release: string
      readonly step: string
      readonly reason: string
    })

/** A deploy writes some ten lines on a host, so its last deploys are always among these. */
const linesKept = 1000
/** Not cut at each end, for that writes all of it anew. */
const linesMax = 1200

/** Repeating it adds nothing. A script that comes behind it in the same shell may not be reached. */
export function appendJournalScript({ journal, zdr }: Layout, entry: JournalEntry): string {
  const append = appendScript(journal, JSON.stringify(entry))
  if (entry.event !== 'ended') return append
  return `${append}if [ "$(wc -l < "$file")" -gt ${linesMax} ]; then
  tail -n ${linesKept} "$file" > "$file.new"
  durable "$file.new"
  mv -f "$file.new" "$file"
  durable ${quote(zdr)}
fi
`
}

/** What is not understood is passed over: a line that a crash tore, or an event that a later version writes. */
export function readJournal(lines: readonly string[]): readonly JournalEntry[] {
  return lines.flatMap((line) => parseEntry(line) ?? [])
}

/** A deploy that was begun, and did not end well. */
export interface CutOff extends Begun {
  /** What every host ran before it; null where that differs, or is not known. */
  readonly from: string | null
  /** null: it never said how. */
  readonly end: 'interrupted' | 'incomplete' | null
}

/**
 * The last deploy that the journals of these hosts tell of, where it did not end well. A host may have missed the end,
 * or whole deploys that went on without it: what one of them knows is so. One that failed before any host was taken out
 * left everything as it was, so the one before it counts.
 */
export function cutOff(journals: readonly (readonly JournalEntry[])[]): CutOff | null {
  const ends = new Map(
    journals.flat().flatMap((entry) => (entry.event === 'ended' ? [[entry.token, entry] as const] : [])),
  )
  const begins = journals.map((journal) =>
    journal.flatMap((entry) => (entry.event === 'begun' && ends.get(entry.token)?.outcome !== 'failed' ? [entry] : [])),
  )
  const replaced = new Set(begins.flatMap((each) => each.slice(0, -1).map(({ token }) => token)))
  const [last] = begins
    .flatMap((each) => each.at(-1) ?? [])
    .filter(({ token }) => !replaced.has(token))
    .toSorted((one, other) => (one.at < other.at ? 1 : -1))
  if (last === undefined) return null
  const end = ends.get(last.token)?.outcome ?? null
  if (end !== null && end !== 'interrupted' && end !== 'incomplete') return null
  return { ...last, from: sameFrom(begins.flat(), last.token), end }
}

function sameFrom(begins: readonly Begun[], of: string): string | null {
  const all = new Set(begins.flatMap(({ token, from }) => (token === of ? [from] : [])))
  const [only] = all
  return all.size === 1 && only !== undefined ? only : null
}

function parseEntry(line: string): JournalEntry | null {
  try {
    const value: unknown = JSON.parse(line)
    return isEntry(value) ? value : null
  } catch {
    return null
  }
}

type Keys<Entry> = Entry extends unknown ? keyof Entry : never
type Field = Keys<JournalEntry>

function isEntry(value: unknown): value is JournalEntry {
  if (typeof value !== 'object' || value === null) return false
  const it: Partial<Record<Field, unknown>> = value
  const areTexts = (...names: readonly Field[]): boolean => names.every((name) => typeof it[name] === 'string')
  if (!areTexts('at', 'by', 'token')) return false
  switch (it.event) {
    case 'begun':
      return (
        areTexts('release', 'sha', 'ref') &&
        (it.kind === 'deploy' || it.kind === 'rollback') &&
        (it.from === null || areTexts('from'))
      )
    case 'prepared':
    case 'activated':
    case 'verified':
      return areTexts('release')
    case 'failed':
      return areTexts('release', 'step', 'reason')
    case 'ended':
      return areTexts('outcome') && typeof it.exitCode === 'number'
    default:
      return false
  }
}
