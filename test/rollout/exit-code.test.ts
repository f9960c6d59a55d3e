import { describe, expect, test } from 'vitest'
import { exitCodeOf } from '../../src/rollout/exit-code.ts'
import type { HostOutcome, OutcomeKind } from '../../src/rollout/model.ts'

const skipped: HostOutcome = { host: 'web-3', release: null, state: 'skipped', reason: null }

describe('the exit code', () => {
  test.each<readonly [OutcomeKind, boolean, number]>([
    ['deployed', true, 0],
    ['unchanged', false, 0],
    ['rolled back', false, 1],
    ['rolled back', true, 3],
    ['incomplete', true, 4],
    ['incomplete', false, 4],
    ['interrupted', true, 130],
    ['interrupted', false, 130],
  ])('of %s (changed: %s) is %i', (kind, changed, code) => {
    const outcome = { kind, hosts: [], failure: null }
    expect(exitCodeOf(outcome, { changed, allowSkipped: false })).toBe(code)
  })

  test.each<readonly [OutcomeKind, number, number]>([
    ['deployed', 4, 0],
    ['unchanged', 4, 0],
    ['rolled back', 4, 3],
    ['incomplete', 4, 4],
    ['interrupted', 130, 130],
  ])('of %s without a host that was skipped is %i, and %i where that is allowed', (kind, code, allowed) => {
    const outcome = { kind, hosts: [skipped], failure: null }
    expect(exitCodeOf(outcome, { changed: true, allowSkipped: false })).toBe(code)
    expect(exitCodeOf(outcome, { changed: true, allowSkipped: true })).toBe(allowed)
  })
})
