import { afterAll, beforeAll, expect, it } from 'vitest'
import { demand, ended, everywhere, hostOf, startFleet } from './fleet.ts'
import type { Lab } from './lab.ts'

let lab: Lab
beforeAll(async () => {
  lab = await startFleet({ hosts: 2, name: 'first', release: null })
})
afterAll(() => lab?.stop())

it('a first release that is broken is stopped again', async () => {
  const { text } = await ended(lab.deploy(['production', '--ref', 'answers-500']), 4)
  expect(text, text).toMatch(/^ {2}10\.77\.0\.11 .*stopped: the release failed, and there is none to go back to/m)
  expect(await lab.running()).toEqual({ 'web-1': 'nothing', 'web-2': 'nothing' })
  for (const host of lab.hosts) expect(await demand(host, 'pm2 jlist --silent', 'deploy')).toMatch(/\[\]$/)
})

it('a good release starts on an empty fleet', async () => {
  await ended(lab.deploy(['production', '--ref', 'v1']), 0)
  expect(await lab.running()).toEqual(everywhere(lab, 'v1'))
})

it('there is nothing to go back to after the first release', async () => {
  const { text } = await ended(lab.deploy(['production', '--rollback']), 1)
  expect(text).toContain('There is no release to go back to')
})

it('a fleet of which a part serves is deployed to: what does not serve goes first', async () => {
  await demand(hostOf(lab, 2), 'pm2 delete shop', 'deploy')
  const { text } = await ended(lab.deploy(['production', '--ref', 'v2']), 0)
  expect(text.indexOf('10.77.0.12  reloading')).toBeLessThan(text.indexOf('10.77.0.11  reloading'))
  expect(await lab.running()).toEqual(everywhere(lab, 'v2'))
})
