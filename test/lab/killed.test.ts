import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  currentReleases,
  demand,
  ended,
  everywhere,
  failuresOf,
  hostOf,
  LIGHT_LOAD,
  NO_FAILURE,
  startFleet,
  status,
  until,
} from './fleet.ts'
import type { Lab } from './lab.ts'

let lab: Lab
beforeAll(async () => {
  lab = await startFleet({ hosts: 2, name: 'killed' })
})
afterAll(() => lab?.stop())

/** A deploy each, so that each begins with a fleet that runs something else. */
it.each([
  ['waiting until drained', 'v2'],
  ['reloading', 'v3'],
  ['verifying', 'v2'],
] as const)('a deployer that is killed while a host is %s leaves nothing to repair by hand', async (step, release) => {
  const hammer = await lab.hammer({ rates: { ...LIGHT_LOAD.rates, 'slow-post': 2 } })
  const deploy = lab.deploy(['production', '--ref', release])
  await until(deploy, hostOf(lab, 1), step)
  deploy.kill('SIGKILL')
  expect((await deploy.result).signal).toBe('SIGKILL')

  const sha7 = lab.git.commits[release].slice(0, 7)
  const prepared = await demand(hostOf(lab, 1), `ls /var/www/shop/releases | grep -- '-${sha7}$' | tail -n 1`)
  await ended(lab.deploy(['production', '--ref', release]), 0)
  expect(await failuresOf(hammer)).toEqual(NO_FAILURE)
  expect(await lab.running()).toEqual(everywhere(lab, release))
  expect(await currentReleases(lab)).toEqual([prepared, prepared])
  expect(await status(lab)).toMatchObject({
    lock: null,
    hosts: lab.hosts.map(() => ({ rotation: 'in', healthy: true, attention: [] })),
  })
})
