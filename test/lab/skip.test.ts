import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  demand,
  ended,
  everywhere,
  failuresOf,
  hostOf,
  LIGHT_LOAD,
  LINE_TIMEOUT_MS,
  NO_FAILURE,
  SWITCH_FOLDER,
  startFleet,
  status,
  until,
} from './fleet.ts'
import type { Lab } from './lab.ts'

const BATCHES = { rollout: { batch: [1, '50%'], 'min-serving': '50%' } }
const SKIPPED = '10.77.0.14'

let lab: Lab
beforeAll(async () => {
  lab = await startFleet({ hosts: 4, name: 'skip', overrides: BATCHES })
})
afterAll(() => lab?.stop())

it('one host goes first, and then half of the fleet at a time', async () => {
  const hammer = await lab.hammer(LIGHT_LOAD)
  const { text } = await ended(lab.deploy(['production', '--ref', 'v2']), 0)
  expect(await failuresOf(hammer)).toEqual(NO_FAILURE)
  const taken = Array.from(text.matchAll(/ {2}(10\.77\S*(?:, \S+)*) {2}taking out of rotation/g), ([, hosts]) => hosts)
  expect(taken).toEqual(['10.77.0.11', '10.77.0.12, 10.77.0.13', '10.77.0.14'])
  expect(await lab.running()).toEqual(everywhere(lab, 'v2'))
})

it('a deploy goes on without a host that is skipped, leaves it out, and ends with 4', async () => {
  await hostOf(lab, 4).cut()
  const deploy = lab.deploy(['production', '--ref', 'v3', '--skip', SKIPPED])
  // Until then the balancer sends requests to a host that is cut off, which nobody can help.
  await until(deploy, hostOf(lab, 1), 'waiting until drained')
  const hammer = await lab.hammer(LIGHT_LOAD)
  const { text } = await ended(deploy, 4)
  expect(await failuresOf(hammer)).toEqual(NO_FAILURE)
  expect(text).toMatch(/^ {2}10\.77\.0\.14 .*SKIPPED/m)
  expect(text).toMatch(/^deployed, without 10\.77\.0\.14 /m)
  expect(await demand(lab.balancer, `ls ${SWITCH_FOLDER}`)).toContain('out_10_77_0_14_4000')
  expect(await lab.running()).toEqual({ ...everywhere(lab, 'v3'), 'web-4': 'v2' })
})

it('with --allow-skipped it ends with 0', async () => {
  await ended(lab.deploy(['production', '--ref', 'v1', '--skip', SKIPPED, '--allow-skipped']), 0)
  expect(await lab.running()).toEqual({ ...everywhere(lab, 'v1'), 'web-4': 'v2' })
})

it('the next deploy brings it up to date before it may serve', async () => {
  await hostOf(lab, 4).mend()
  const hammer = await lab.hammer(LIGHT_LOAD)
  await ended(lab.deploy(['production', '--ref', 'v1']), 0)
  const { total } = await hammer.reached(0, LINE_TIMEOUT_MS)
  await hammer.reached(total + REQUESTS_TO_ALL, LINE_TIMEOUT_MS)
  const { failed, samples, versionsSeen, hostsSeen } = await hammer.stop()
  expect({ failed, samples }).toEqual(NO_FAILURE)
  // Its old release was v2: no answer of it came, and some of its new one did.
  expect(Object.keys(versionsSeen)).toEqual(['v1'])
  expect(Object.keys(hostsSeen).toSorted()).toEqual(['web-1', 'web-2', 'web-3', 'web-4'])
  expect(await lab.running()).toEqual(everywhere(lab, 'v1'))
  expect((await status(lab)).hosts).toMatchObject(lab.hosts.map(() => ({ rotation: 'in', healthy: true })))
})

/** Enough for each of four hosts to get some. */
const REQUESTS_TO_ALL = 100
