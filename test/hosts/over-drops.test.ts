import { expect, test } from 'vitest'
import { UserError } from '../../src/errors.ts'
import { overDrops } from '../../src/hosts/reconnect.ts'
import { fakeClock } from '../engine/fake-clock.ts'

const dropped = new UserError('host-unreachable', 'the line is down')

test('a line that drops for a moment is waited for, and the time that went by is told', async () => {
  const clock = fakeClock()
  const spent: number[] = []
  const asked = overDrops(clock, 30_000, async (spentMs) => {
    spent.push(spentMs)
    if (spent.length < 4) throw dropped
    return 'done'
  })
  expect(await asked).toBe('done')
  expect(spent).toEqual([0, 500, 1_000, 1_500])
})

test('a line that stays down is given up when its time is over', async () => {
  const clock = fakeClock()
  const beganMs = clock.now()
  const asked = overDrops(clock, 5_000, () => Promise.reject(dropped))
  await expect(asked).rejects.toBe(dropped)
  expect(clock.now() - beganMs).toBeLessThanOrEqual(5_000)
})

test('only what the line does is tried again', async () => {
  const refused = new UserError('balancer', 'another hand turned the switch')
  let asks = 0
  const asked = overDrops(fakeClock(), 30_000, () => {
    asks += 1
    return Promise.reject(refused)
  })
  await expect(asked).rejects.toBe(refused)
  expect(asks).toBe(1)
})
