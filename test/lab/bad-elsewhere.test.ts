import { afterAll, beforeAll, it } from 'vitest'
import { BAD_ELSEWHERE } from './bad-releases.ts'
import { startFleet } from './fleet.ts'
import type { Lab } from './lab.ts'
import { playBadRelease } from './play-bad-release.ts'

let lab: Lab
beforeAll(async () => {
  lab = await startFleet({ hosts: 2, name: 'elsewhere' })
})
afterAll(() => lab?.stop())

it.each(BAD_ELSEWHERE)(
  'a release that $release ends with $end.exitCode ($policy.onFailure), and no request fails',
  async (badRelease) => {
    await playBadRelease(lab, badRelease)
  },
)
