import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  configure,
  demand,
  ended,
  everywhere,
  failuresOf,
  hostOf,
  LIGHT_LOAD,
  NO_FAILURE,
  startFleet,
  until,
} from './fleet.ts'
import type { Lab } from './lab.ts'

let lab: Lab
beforeAll(async () => {
  lab = await startFleet({ hosts: 3, name: 'cut-off' })
})
afterAll(() => lab?.stop())

/** Longer than it takes until a connection is known to be lost. */
const STEP_SECONDS = 30
const STEPS = '/var/www/shop/shared/steps'

it('a step whose deployer was cut off never meets the way back: the old release serves, and no request fails', async () => {
  const host = hostOf(lab, 1)
  const pm2 = 'pm2 startOrReload ecosystem.config.js --env production'
  await configure(lab, { reload: [`echo begun >> ${STEPS}`, `sleep ${STEP_SECONDS}`, pm2, `echo ended >> ${STEPS}`] })
  const hammer = await lab.hammer(LIGHT_LOAD)
  const deploy = lab.deploy(['production', '--ref', 'v2'])
  await demand(host, `timeout 120 sh -c 'until grep -q begun ${STEPS} 2>/dev/null; do sleep 0.2; done'`)
  await host.cut()
  await until(deploy, host, 'going back: activating')
  await host.mend()
  await ended(deploy, 3)
  expect(await failuresOf(hammer)).toEqual(NO_FAILURE)
  expect(await lab.running()).toEqual(everywhere(lab, 'v1'))
})

it('and the next deploy needs no hands', async () => {
  await configure(lab)
  const hammer = await lab.hammer(LIGHT_LOAD)
  await ended(lab.deploy(['production', '--ref', 'v3']), 0)
  expect(await failuresOf(hammer)).toEqual(NO_FAILURE)
  expect(await lab.running()).toEqual(everywhere(lab, 'v3'))
})
