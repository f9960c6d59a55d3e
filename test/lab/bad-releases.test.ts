import { afterAll, beforeAll, expect, it } from 'vitest'
import { BAD_AT_ONCE } from './bad-releases.ts'
import { configure, ended, everywhere, failuresOf, LIGHT_LOAD, NO_FAILURE, startFleet } from './fleet.ts'
import type { Lab } from './lab.ts'
import { playBadRelease } from './play-bad-release.ts'

let lab: Lab
beforeAll(async () => {
  lab = await startFleet({ hosts: 2, name: 'bad' })
})
afterAll(() => lab?.stop())

it.each(BAD_AT_ONCE)('a release that $release is undone: no request fails, and v1 serves', async (badRelease) => {
  await playBadRelease(lab, badRelease)
})

/** The second one waits until pm2 has killed what ignores SIGINT. */
it.each(['ignores-sigint', 'slow-boot'] as const)(
  'after all of them %s is deployed without a failed request',
  async (release) => {
    await configure(lab)
    const hammer = await lab.hammer(LIGHT_LOAD)
    await ended(lab.deploy(['production', '--ref', release]), 0)
    expect(await lab.running()).toEqual(everywhere(lab, release))
    expect(await failuresOf(hammer)).toEqual(NO_FAILURE)
  },
)
