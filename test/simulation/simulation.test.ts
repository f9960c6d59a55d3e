/** `npm run sim` plays many more, on all processors; here is what must be so of each. */
import { expect, test } from 'vitest'
import { simulate } from './play/simulate.ts'

const seeds = 150

test('no promise is broken in a few imagined deploys', async () => {
  const exitCodes = new Set<number>()
  for (let seed = 1; seed <= seeds; seed++)
    for (const code of (await simulate(seed, { traced: false })).exitCodes) exitCodes.add(code)
  // A simulation in which nothing ever goes wrong, or right, would prove nothing.
  expect([...exitCodes].toSorted((one, other) => one - other)).toEqual([0, 1, 3, 4, 5, 130])
})

test('the same seed is the same story, to the millisecond', async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const { trace } = await simulate(seed, { traced: true })
    expect((await simulate(seed, { traced: true })).trace).toEqual(trace)
  }
})
