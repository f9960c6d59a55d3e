import { expect, test } from 'vitest'
import { exitCodeOf } from '../../src/commands/exit-code.ts'
import type { OutcomeKind } from '../../src/rollout/model.ts'

test.each<readonly [OutcomeKind, boolean, number]>([
  ['deployed', true, 0],
  ['unchanged', false, 0],
  ['rolled back', false, 1],
  ['rolled back', true, 3],
  ['incomplete', true, 4],
  ['incomplete', false, 4],
  ['interrupted', true, 130],
  ['interrupted', false, 130],
])('%s (changed: %s) ends with %i', (kind, changed, code) => {
  expect(exitCodeOf({ kind, hosts: [], failure: null }, { changed })).toBe(code)
})
