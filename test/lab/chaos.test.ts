import { afterAll, expect, it } from 'vitest'
import { titleOf } from '../chaos/case.ts'
import { casesOf } from '../chaos/cases/all.ts'
import { openStage } from '../chaos/stage.ts'

/** The few of `npm run chaos` that tell the most in the shortest time: each is a row of docs/faults.md. */
const TELLING = [
  'The deployer is killed (SIGKILL) · reloading',
  'The deployer is killed (SIGKILL) while it deploys a release that answers 500 · going back: reloading',
  'The disk of the balancer is full · verifying',
]

const stage = openStage('chaos')
afterAll(() => stage.close())

it.each(TELLING)('%s: no request fails, and one more run converges without hands', async (title) => {
  const chaosCase = casesOf({ isLong: false }).find((each) => titleOf(each) === title)
  if (chaosCase === undefined) throw new Error('the table has no such case')
  const { row, log } = await stage.play(chaosCase)
  expect(row.short, log).toEqual([])
})
