import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  demand,
  ended,
  everywhere,
  failuresOf,
  hostOf,
  LIGHT_LOAD,
  NO_FAILURE,
  SWITCH_FOLDER,
  startFleet,
  status,
  until,
} from './fleet.ts'
import type { Lab } from './lab.ts'

let lab: Lab
beforeAll(async () => {
  lab = await startFleet({ hosts: 3, name: 'by-hand' })
})
afterAll(() => lab?.stop())

it('a host that an operator took out gets the release, and stays out', async () => {
  await demand(lab.balancer, `cd ${SWITCH_FOLDER} && mv in out_10_77_0_12_4000`)
  const hammer = await lab.hammer(LIGHT_LOAD)
  await ended(lab.deploy(['production', '--ref', 'v2']), 0)
  const { failed, samples, hostsSeen } = await hammer.stop()
  expect({ failed, samples }).toEqual(NO_FAILURE)
  expect(Object.keys(hostsSeen).toSorted()).toEqual(['web-1', 'web-3'])
  expect(await lab.running()).toEqual(everywhere(lab, 'v2'))
  expect(await status(lab)).toMatchObject({
    hosts: [{ rotation: 'in' }, { rotation: 'out by hand' }, { rotation: 'in' }],
  })
})

it('and comes back by the same hand', async () => {
  await demand(lab.balancer, `cd ${SWITCH_FOLDER} && mv out_10_77_0_12_4000 in`)
  await ended(lab.deploy(['production', '--ref', 'v2']), 0)
  expect(await status(lab)).toMatchObject({ hosts: [{ rotation: 'in' }, { rotation: 'in' }, { rotation: 'in' }] })
})

it('a host that an operator takes out while another one reloads stays out as well', async () => {
  const hammer = await lab.hammer(LIGHT_LOAD)
  const deploy = lab.deploy(['production', '--ref', 'v3'])
  await until(deploy, hostOf(lab, 1), 'reloading')
  await demand(lab.balancer, `cd ${SWITCH_FOLDER} && mv out_10_77_0_11_4000 out_10_77_0_11_4000__10_77_0_13_4000`)
  await ended(deploy, 0)
  expect(await failuresOf(hammer)).toEqual(NO_FAILURE)
  expect(await lab.running()).toEqual(everywhere(lab, 'v3'))
  expect(await status(lab)).toMatchObject({
    hosts: [{ rotation: 'in' }, { rotation: 'in' }, { rotation: 'out by hand' }],
  })
})
