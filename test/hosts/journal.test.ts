/** What the journals of a fleet say of its last deploy, and what a real shell makes of the file. */
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { inspectScript, parseInspection } from '../../src/hosts/inspection.ts'
import {
  appendJournalScript,
  type Begun,
  cutOff,
  type Ended,
  type JournalEntry,
  readJournal,
} from '../../src/hosts/journal.ts'
import { type Layout, layout } from '../../src/hosts/layout.ts'

const v1 = '20261101000000-1111111'
const v2 = '20261102000000-2222222'

/** `ada-1`: her first deploy, at one past three. */
function signed(token: string) {
  return { at: `2026-11-21T03:0${token.at(-1)}:00.000Z`, by: `${token.split('-')[0]}@laptop`, token }
}

function begun(token: string, change: Partial<Begun> = {}): Begun {
  const goal = { kind: 'deploy', release: v2, sha: '2'.repeat(40), ref: 'main', from: v1 } as const
  return { ...signed(token), event: 'begun', ...goal, ...change }
}

function step(token: string, event: 'prepared' | 'activated' | 'verified'): JournalEntry {
  return { ...signed(token), event, release: v2 }
}

function ended(token: string, outcome: Ended['outcome']): Ended {
  return { ...signed(token), event: 'ended', outcome, exitCode: 0 }
}

describe('the last deploy was cut off', () => {
  test('where it has no end: by whom, when, to what and from what', () => {
    const journal = [begun('ada-1'), step('ada-1', 'prepared'), step('ada-1', 'activated')]
    expect(cutOff([journal, [begun('ada-1')]])).toEqual({ ...begun('ada-1'), end: null })
  })

  test('where it was interrupted, or could not come to its end', () => {
    expect(cutOff([[begun('ada-1'), ended('ada-1', 'interrupted')]])?.end).toBe('interrupted')
    expect(cutOff([[begun('ada-1'), ended('ada-1', 'incomplete')]])?.end).toBe('incomplete')
  })

  test('not where it ended well, nor where nothing was ever begun', () => {
    for (const outcome of ['deployed', 'unchanged', 'rolled back'] as const)
      expect(cutOff([[begun('ada-1'), ended('ada-1', outcome)]]), outcome).toBe(null)
    expect(cutOff([])).toBe(null)
    expect(cutOff([[], [ended('ada-1', 'interrupted')]])).toBe(null)
  })

  test('not where one host missed the end, and another knows it', () => {
    expect(cutOff([[begun('ada-1')], [begun('ada-1'), ended('ada-1', 'deployed')]])).toBe(null)
  })

  test('not by a deploy that another one came after, on whatever host', () => {
    const later = [begun('bob-2'), ended('bob-2', 'deployed')]
    expect(cutOff([[begun('ada-1'), ...later]])).toBe(null)
    // Skipped by the later one.
    expect(cutOff([[begun('ada-1')], [begun('ada-1'), ...later]])).toBe(null)
    // A host that was added since knows nothing of the earlier one.
    expect(cutOff([[begun('ada-1')], later])).toBe(null)
  })

  test('where the later one is the one that was cut off', () => {
    const first = [begun('ada-1'), ended('ada-1', 'incomplete')]
    expect(cutOff([[...first, begun('bob-2')], first])).toMatchObject({ token: 'bob-2', end: null })
    // The order on one host counts, and not what two deployers take for the time.
    const clockAhead = begun('ada-9')
    expect(cutOff([[clockAhead, begun('bob-2')], [clockAhead]])).toMatchObject({ token: 'bob-2' })
  })

  test('where one that came later failed before any host was taken out: all is as it was left', () => {
    const journal = [begun('ada-1'), begun('bob-2'), ended('bob-2', 'failed')]
    expect(cutOff([journal, [begun('ada-1'), begun('bob-2')]])).toMatchObject({ token: 'ada-1' })
    expect(cutOff([[begun('bob-2'), ended('bob-2', 'failed')]])).toBe(null)
  })

  test('and what ran before it is told only where that was the same everywhere', () => {
    expect(cutOff([[begun('ada-1')], [begun('ada-1', { from: null })]])?.from).toBe(null)
    expect(cutOff([[begun('ada-1')], [begun('ada-1', { from: v2 })]])?.from).toBe(null)
    // Another deploy came from elsewhere.
    expect(cutOff([[begun('bob-1', { from: null }), begun('ada-2')]])?.from).toBe(v1)
  })
})

test('a line that a crash tore, or that a later version wrote, is passed over', () => {
  const entries: readonly JournalEntry[] = [
    begun('ada-1'),
    step('ada-1', 'verified'),
    { ...signed('ada-1'), event: 'failed', release: v2, step: 'verify', reason: '500' },
    ended('ada-1', 'incomplete'),
  ]
  const lines = entries.map((entry) => JSON.stringify(entry))
  const odd = [
    '',
    '{"at":"2026-11-',
    '[]',
    'null',
    '{"event":"begun"}',
    JSON.stringify({ ...signed('ada-1'), event: 'soaked' }),
  ]
  expect(readJournal([...odd, ...lines, '{"at":'])).toEqual(entries)
})

describe('on a disk', () => {
  const made = (): Layout => {
    const base = mkdtempSync(join(tmpdir(), 'zdr-journal-'))
    onTestFinished(() => rmSync(base, { recursive: true, force: true }))
    const at = layout(base)
    mkdirSync(at.zdr)
    return at
  }
  const run = (script: string): string => execFileSync('sh', ['-c', script], { encoding: 'utf8' })
  const append = (at: Layout, entry: JournalEntry): string => run(appendJournalScript(at, entry))
  const read = (at: Layout): readonly JournalEntry[] => parseInspection(run(inspectScript(at))).journal
  const lines = (at: Layout): readonly string[] => readFileSync(at.journal, 'utf8').trimEnd().split('\n')

  test('a torn last line is closed before the next one is written, and named nowhere', () => {
    const at = made()
    append(at, begun('ada-1'))
    appendFileSync(at.journal, '{"at":"2026-11-21T03:')
    expect(read(at)).toEqual([begun('ada-1')])
    append(at, begun('bob-2'))
    append(at, begun('bob-2'))
    expect(read(at)).toEqual([begun('ada-1'), begun('bob-2')])
    expect(lines(at)).toHaveLength(3)
    expect(parseInspection(run(inspectScript(at))).unreadable).toEqual([])
    expect(statSync(at.journal).mode & 0o777).toBe(0o600)
  })

  test('it grows no further than some hundred deploys, and the last ones stay', () => {
    const at = made()
    const old = `${JSON.stringify(begun('ada-1'))}\n${JSON.stringify(ended('ada-1', 'deployed'))}\n`
    writeFileSync(at.journal, old.repeat(800))
    append(at, begun('bob-2'))
    expect(lines(at)).toHaveLength(1601)
    append(at, ended('bob-2', 'deployed'))
    expect(lines(at)).toHaveLength(1000)
    expect(read(at).slice(-2)).toEqual([begun('bob-2'), ended('bob-2', 'deployed')])
    expect(existsSync(`${at.journal}.new`)).toBe(false)
  })
})
