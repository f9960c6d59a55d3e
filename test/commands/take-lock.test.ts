/** One host with a real lock. */
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { takeOrStop } from '../../src/commands/take-lock.ts'
import { interruptible } from '../../src/engine/interruption.ts'
import { takeLock } from '../../src/engine/lock.ts'
import { UserError } from '../../src/errors.ts'
import { fleet } from '../engine/fakes.ts'
import { folder, localMachine } from '../engine/ground.ts'

const since = '2026-11-21T03:15:00.000Z'
const ada = { token: 'token of ada', by: 'ada@laptop', pid: 7, since, command: 'deploy production main' }
const bob = { ...ada, token: 'token of bob', by: 'bob@ci' }

function ground() {
  const machine = localMachine('a', folder())
  let interrupt: (count: number) => void = () => undefined
  const interruption = interruptible((handler) => {
    interrupt = handler
  })
  const { reports, ...all } = fleet({ machines: [machine] })
  return { all, machine, reports, interruption, interrupt: () => interrupt(1) }
}

test('an interruption while the lock is taken leaves nothing of it on the machine', async () => {
  const { all, machine, interruption, interrupt } = ground()
  const taking = takeOrStop(interruption, (isWanted) => takeLock(all, ada, { waitMs: 0, isWanted }))
  interrupt()
  await expect(taking).rejects.toMatchObject({ code: 'interrupted' })
  expect(existsSync(machine.layout.lock)).toBe(false)
  expect(await machine.depot.lockOwner()).toBe(null)
})

test('an interruption ends the waiting for the lock, and leaves it to whoever has it', async () => {
  const { all, machine, reports, interruption, interrupt } = ground()
  const lock = await takeLock(all, bob)
  const taking = takeOrStop(interruption, (isWanted) => takeLock(all, ada, { waitMs: 600_000, isWanted }))
  await expect.poll(() => reports.length, { timeout: 10_000 }).toBe(1)
  interrupt()
  await expect(taking).rejects.toMatchObject({ code: 'interrupted' })
  expect(await machine.depot.lockOwner()).toMatchObject(bob)
  await lock.release()
})

test('what is refused is refused', async () => {
  const { interruption } = ground()
  const refused = () => Promise.reject(new UserError('locked', 'by bob'))
  await expect(takeOrStop(interruption, refused)).rejects.toMatchObject({ code: 'locked' })
})
