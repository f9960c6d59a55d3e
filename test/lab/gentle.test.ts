import { afterAll, beforeAll, expect, it } from 'vitest'
import { ended, everywhere, failuresOf, LIGHT_LOAD, NO_FAILURE, startFleet } from './fleet.ts'
import type { Lab } from './lab.ts'

let lab: Lab
beforeAll(async () => {
  lab = await startFleet({ hosts: 2, name: 'gentle' })
})
afterAll(() => lab?.stop())

/** The last one waits until pm2 has killed what ignores SIGINT. */
it.each(['slow-boot', 'ignores-sigint', 'v2'] as const)('%s is deployed without a failed request', async (release) => {
  const hammer = await lab.hammer(LIGHT_LOAD)
  await ended(lab.deploy(['production', '--ref', release]), 0)
  expect(await lab.running()).toEqual(everywhere(lab, release))
  expect(await failuresOf(hammer)).toEqual(NO_FAILURE)
})
