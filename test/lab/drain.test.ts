import { afterAll, beforeAll, expect, it } from 'vitest'
import { configure, ended, everywhere, holdConnection, hostOf, startFleet, status } from './fleet.ts'
import type { Lab } from './lab.ts'

let lab: Lab
beforeAll(async () => {
  lab = await startFleet({ hosts: 2, name: 'drain' })
})
afterAll(() => lab?.stop())

it('a host that is not drained in time is put back untouched, and the deploy fails', async () => {
  await configure(lab, { rollout: { batch: 1, 'min-serving': 1, 'drain-timeout': '2s' } })
  const held = await holdConnection(lab, hostOf(lab, 2))
  const { text } = await ended(lab.deploy(['production', '--ref', 'v2']), 3)
  expect(text).toMatch(/10\.77\.0\.12 {2}not drained: 1 connections? from the balancer/)
  expect(text).not.toMatch(/10\.77\.0\.12 {2}reloading/)
  expect(await lab.running()).toEqual(everywhere(lab, 'v1'))
  expect(await status(lab)).toMatchObject({ hosts: [{ rotation: 'in' }, { rotation: 'in' }] })
  await held.release()
})

it('with on-drain-timeout: continue it goes on, and says so', async () => {
  await configure(lab, { rollout: { batch: 1, 'drain-timeout': '2s', 'on-drain-timeout': 'continue' } })
  const held = await holdConnection(lab, hostOf(lab, 1))
  const { text } = await ended(lab.deploy(['production', '--ref', 'v2']), 0)
  expect(text).toMatch(/10\.77\.0\.11 {2}warning: .*going on all the same, as on-drain-timeout says/)
  expect(await lab.running()).toEqual(everywhere(lab, 'v2'))
  await held.release()
})
