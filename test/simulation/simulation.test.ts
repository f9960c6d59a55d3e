import { expect, test } from 'vitest'
import { simulate } from './simulate.ts'

const seeds = 20_000

test(`no promise is broken in ${seeds} imagined deploys`, () => {
  const kinds = new Map<string, number>()
  for (let seed = 1; seed <= seeds; seed++) {
    const { kind } = simulate(seed).outcome
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  }
  // A simulation in which nothing ever goes wrong, or right, would prove nothing.
  expect([...kinds.keys()].sort()).toEqual(['deployed', 'incomplete', 'interrupted', 'rolled back', 'unchanged'])
}, 60_000)
