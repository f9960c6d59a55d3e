import { setTimeout } from 'node:timers/promises'
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
} from './fleet.ts'
import type { Lab } from './lab.ts'

let lab: Lab
beforeAll(async () => {
  lab = await startFleet({ hosts: 2, name: 'cut-off' })
})
afterAll(() => lab?.stop())

/** Longer than it takes until a connection is known to be lost, and shorter than a host that says nothing is waited for. */
const CUT_MS = 20_000
const STEP_SECONDS = 25
const STEPS = '/var/www/shop/shared/steps'

it('a step outlives the connection that it was begun on: the deploy finds it again, and goes on', async () => {
  const host = hostOf(lab, 1)
  const pm2 = 'pm2 startOrReload ecosystem.config.js --env production'
  await configure(lab, { reload: [`echo begun >> ${STEPS}`, `sleep ${STEP_SECONDS}`, pm2, `echo ended >> ${STEPS}`] })
  const hammer = await lab.hammer(LIGHT_LOAD)
  const deploy = lab.deploy(['production', '--ref', 'v2'])
  await demand(host, `timeout 120 sh -c 'until grep -q begun ${STEPS} 2>/dev/null; do sleep 0.2; done'`)
  await host.cut()
  await setTimeout(CUT_MS)
  await host.mend()
  await ended(deploy, 0)
  expect(await failuresOf(hammer)).toEqual(NO_FAILURE)
  expect(await demand(host, `cat ${STEPS}`)).toBe('begun\nended')
  expect(await lab.running()).toEqual(everywhere(lab, 'v2'))
})
