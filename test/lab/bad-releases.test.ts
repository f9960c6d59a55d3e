import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  configure,
  ended,
  everywhere,
  failuresOf,
  HEALTH,
  LIGHT_LOAD,
  NO_FAILURE,
  startFleet,
  status,
} from './fleet.ts'
import type { Lab } from './lab.ts'

let lab: Lab
beforeAll(async () => {
  lab = await startFleet({ hosts: 2, name: 'bad' })
  // Longer than it takes the release that dies early to die.
  await configure(lab, { health: { ...HEALTH, stable: '3s' } })
})
afterAll(() => lab?.stop())

it.each([
  ['throws-at-boot', /│ .*throws-at-boot cannot boot/],
  ['never-listens', /✖ .*connection refused|✖ .*no process/],
  ['answers-500', /✖ .*the health check failed: 500/],
  ['dies-after-2s', /✖ 10\.77\.0\.11: shop /],
] as const)(
  'a release that %s is undone: the one before serves everywhere, and no request fails',
  async (release, why) => {
    const hammer = await lab.hammer()
    const { text } = await ended(lab.deploy(['production', '--ref', release]), 3)
    expect(text).toMatch(why)
    expect(text).toMatch(/^rolled back /m)
    expect(await lab.running()).toEqual(everywhere(lab, 'v1'))
    expect(await failuresOf(hammer)).toEqual(NO_FAILURE)
    expect(await status(lab)).toMatchObject({
      lock: null,
      hosts: lab.hosts.map(() => ({ rotation: 'in', healthy: true, attention: [] })),
    })
  },
)

/** The second one waits until pm2 has killed what ignores SIGINT. */
it.each(['ignores-sigint', 'slow-boot'] as const)(
  'after all of them %s is deployed without a failed request',
  async (release) => {
    const hammer = await lab.hammer(LIGHT_LOAD)
    await ended(lab.deploy(['production', '--ref', release]), 0)
    expect(await lab.running()).toEqual(everywhere(lab, release))
    expect(await failuresOf(hammer)).toEqual(NO_FAILURE)
  },
)
