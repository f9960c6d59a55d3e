import { describe, expect, test } from 'vitest'
import { migrationState } from '../../src/engine/migrate.ts'
import type { MigrationEntry } from '../../src/hosts/history.ts'
import { shaOf, view } from './fakes.ts'

describe('what all hosts together know of it', () => {
  const sha = shaOf('7')
  const command = 'npm run migrate'
  const known = (...hosts: readonly (readonly string[])[]) => {
    const views = hosts.map((lines) => view({ migrations: lines.map(entryOf) }))
    return migrationState(views, { sha, command }).kind
  }
  const entryOf = (line: string): MigrationEntry => {
    const [run = '', state] = line.split(' ')
    if (state !== 'started' && state !== 'done' && state !== 'failed') throw new Error(line)
    return { at: '2026-11-21T03:00:00.000Z', run, sha, command, state, by: 'ada@laptop' }
  }

  test.each([
    ['due', []],
    ['due', [[], []]],
    ['due', [['1 started', '1 failed'], ['1 started']]],
    ['done', [['1 started', '1 done'], []]],
    ['done', [['1 started'], ['1 started', '1 done']]],
    ['cut off', [['1 started'], []]],
    ['cut off', [['1 started', '1 failed', '2 started'], ['1 started']]],
    // Cut off, and said to be done; a host that was away meanwhile knows of its beginning only.
    ['done', [['1 started'], ['1 started', '2 done']]],
    // Done, and begun once more.
    [
      'cut off',
      [
        ['1 started', '1 done', '2 started'],
        ['1 started', '1 done'],
      ],
    ],
    ['done', [['1 started', '1 done', '2 started', '2 failed']]],
  ] as const)('is %s by %j', (kind, hosts) => {
    expect(known(...hosts)).toBe(kind)
  })

  test('of another commit, or another command, is another migration', () => {
    const migrations = [entryOf('1 done')]
    expect(migrationState([view({ migrations })], { sha: shaOf('8'), command }).kind).toBe('due')
    expect(migrationState([view({ migrations })], { sha, command: 'npm run seed' }).kind).toBe('due')
  })
})
