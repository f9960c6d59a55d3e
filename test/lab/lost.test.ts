import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  configure,
  ended,
  everywhere,
  failuresOf,
  holdConnection,
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
  lab = await startFleet({ hosts: 3, name: 'lost' })
})
afterAll(() => lab?.stop())

it('a host that loses its power during the reload stays out and is named; the others go on serving', async () => {
  // A host that says nothing is waited for as long as the step may take.
  await configure(lab, { timeouts: { reload: '20s' } })
  const hammer = await lab.hammer(LIGHT_LOAD)
  const deploy = lab.deploy(['production', '--ref', 'v2'])
  await until(deploy, hostOf(lab, 1), 'reloading')
  await hostOf(lab, 1).powerOff()
  const { text } = await ended(deploy, 4)
  expect(await failuresOf(hammer)).toEqual(NO_FAILURE)
  expect(text).toMatch(/^ {2}10\.77\.0\.11 .*LOST/m)
  expect(text).not.toMatch(/10\.77\.0\.11 {2}(going back: )?putting back/)
  expect(await lab.running()).toEqual({ 'web-1': 'nothing', 'web-2': 'v1', 'web-3': 'v1' })
})

it('and is brought up to date by the next deploy when it has power again', async () => {
  await hostOf(lab, 1).powerOn()
  const hammer = await lab.hammer(LIGHT_LOAD)
  await ended(lab.deploy(['production', '--ref', 'v2']), 0)
  expect(await failuresOf(hammer)).toEqual(NO_FAILURE)
  expect(await lab.running()).toEqual(everywhere(lab, 'v2'))
  expect((await status(lab)).hosts).toMatchObject(lab.hosts.map(() => ({ rotation: 'in', healthy: true })))
})

it('a host that is out and untouched is put back at once when one that serves dies', async () => {
  await configure(lab, { rollout: { batch: 1, 'min-serving': 2 } })
  const held = await holdConnection(lab, hostOf(lab, 1))
  const deploy = lab.deploy(['production', '--ref', 'v3'])
  await until(deploy, hostOf(lab, 1), 'waiting until drained')
  await hostOf(lab, 3).powerOff()
  // The connection is still held: nothing but the other host's death lets the drain end.
  await until(deploy, hostOf(lab, 1), 'going back: put back')
  await held.release()
  await ended(deploy, 4)
  expect(await lab.running()).toEqual({ 'web-1': 'v2', 'web-2': 'v2', 'web-3': 'nothing' })
})
