/** Real flock, in a real shell. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, type TestContext, test } from 'vitest'
import type { Machine } from '../../src/engine/fleet.ts'
import { type FleetLock, takeLock } from '../../src/engine/lock.ts'
import type { HeldCommand } from '../../src/hosts/host.ts'
import { heartbeatMs, type LockOwner, lockEnd, readLockScript } from '../../src/hosts/lock.ts'
import { localHost } from '../balancers/local-host.ts'
import { fakeClock } from './fake-clock.ts'
import { machineOn } from './ground.ts'

const timeoutMs = 10_000

/** Every lock command that was begun, in order. */
type Begun = { readonly held: HeldCommand; readonly written: string[] }[]

/** Machines of their own for each test: they run side by side, for a refused deploy waits two seconds for the lock. */
function ground(onTestFinished: TestContext['onTestFinished']) {
  const folder = mkdtempSync(join(tmpdir(), 'zdr-lock-'))
  const clock = fakeClock()
  const begun: Begun = []
  const taken: FleetLock[] = []
  onTestFinished(async () => {
    await Promise.all(taken.map((lock) => lock.release()))
    rmSync(folder, { recursive: true })
  })
  const take = async (machines: readonly Machine[], by: string): Promise<FleetLock> => {
    const lock = await takeLock(machines, owner(by), clock)
    taken.push(lock)
    return lock
  }
  return { clock, begun, take, machine: (name: string) => machine(name, folder, begun) }
}

function machine(name: string, folder: string, begun: Begun): Machine {
  const host = localHost(name)
  const hold = async (script: string): Promise<HeldCommand> => {
    const held = await host.hold(script)
    const written: string[] = []
    begun.push({ held, written })
    const write = (text: string): void => {
      written.push(text)
      held.write(text)
    }
    return { ...held, write }
  }
  return machineOn({ ...host, hold }, join(folder, name))
}

function owner(by: string): LockOwner {
  return { token: `token of ${by}`, by, pid: 7, since: '2026-11-21T03:15:00Z', command: 'deploy production main' }
}

async function says(one: Machine): Promise<string> {
  return (await one.host.run(readLockScript(one.layout), { timeoutMs })).stdout
}

test.concurrent('a second deploy is refused, and sees who has the lock', async ({ onTestFinished }) => {
  const { machine, take } = ground(onTestFinished)
  const machines = [machine('a'), machine('b')]
  await take(machines, 'ada@laptop')
  await expect(take(machines, 'bob@ci')).rejects.toMatchObject({
    code: 'locked',
    message: 'a is being deployed to by ada@laptop (pid 7) since 2026-11-21T03:15:00Z: deploy production main',
  })
})

test.concurrent('where one machine is locked by another, no lock is kept on the rest', async ({ onTestFinished }) => {
  const { machine, take } = ground(onTestFinished)
  const [a, b, c] = [machine('a'), machine('b'), machine('c')]
  await take([b], 'ada@laptop')
  await expect(take([a, b, c], 'bob@ci')).rejects.toMatchObject({ code: 'locked' })
  expect([await says(a), await says(c)]).toEqual(['', ''])
  expect(await says(b)).toContain('ada@laptop')
})

test.concurrent('a lock that was released is free, and nobody is named any more', async ({ onTestFinished }) => {
  const { machine, take } = ground(onTestFinished)
  const a = machine('a')
  await (await take([a], 'ada@laptop')).release()
  expect(await says(a)).toBe('')
  await take([a], 'bob@ci')
  expect(await says(a)).toContain('bob@ci')
})

test.concurrent('the lock of a deploy that was killed is free at once', async ({ onTestFinished }) => {
  const { begun, machine, take } = ground(onTestFinished)
  const a = machine('a')
  await take([a], 'ada@laptop')
  // `release` of the local host kills the whole group, as a machine does whose connection went.
  await begun[0]?.held.release()
  await take([a], 'bob@ci')
  expect(await says(a)).toContain('bob@ci')
})

test.concurrent('a step runs while the lock is ours', async ({ onTestFinished }) => {
  const { machine, take } = ground(onTestFinished)
  const a = machine('a')
  const { host } = await (await take([a], 'ada@laptop')).guarded(a)
  expect(await host.run('echo done', { timeoutMs })).toMatchObject({ code: 0, stdout: 'done\n' })
})

test.concurrent('a deploy whose connection was cut takes its lock again before the next step', async ({
  onTestFinished,
}) => {
  const { begun, machine, take } = ground(onTestFinished)
  const a = machine('a')
  const lock = await take([a], 'ada@laptop')
  await begun[0]?.held.release()
  const { host } = await lock.guarded(a)
  expect(begun).toHaveLength(2)
  expect(await host.run('echo done', { timeoutMs })).toMatchObject({ code: 0, stdout: 'done\n' })
  expect(await says(a)).toContain('ada@laptop')
})

test.concurrent('a deploy that lost its lock to another changes nothing more', async ({ onTestFinished }) => {
  const { begun, machine, take } = ground(onTestFinished)
  const a = machine('a')
  const lock = await take([a], 'ada@laptop')
  const { host } = await lock.guarded(a)
  await begun[0]?.held.release()
  await take([a], 'bob@ci')
  await expect(host.run(`echo changed > ${a.layout.base}/changed`, { timeoutMs })).rejects.toMatchObject({
    code: 'locked',
    message: expect.stringContaining('another deploy has taken over the lock'),
  })
  expect(existsSync(join(a.layout.base, 'changed'))).toBe(false)
  await expect(lock.guarded(a)).rejects.toMatchObject({ code: 'locked', message: expect.stringContaining('bob@ci') })
})

test.concurrent('a deploy whose lock another had meanwhile changes nothing more, though it is free again', async ({
  onTestFinished,
}) => {
  const { begun, machine, take } = ground(onTestFinished)
  const a = machine('a')
  const lock = await take([a], 'ada@laptop')
  await begun[0]?.held.release()
  await (await take([a], 'bob@ci')).release()
  await expect(lock.guarded(a)).rejects.toMatchObject({ code: 'locked' })
  await expect(lock.assertOurs()).rejects.toMatchObject({ code: 'locked' })
})

test.concurrent('before the balancer is told anything, one host that knows the lock as ours is enough', async ({
  onTestFinished,
}) => {
  const { machine, take } = ground(onTestFinished)
  const [a, b] = [machine('a'), machine('b')]
  const lock = await take([a, b], 'ada@laptop')
  await a.host.run(`rm ${a.layout.lock}`, { timeoutMs })
  await lock.assertOurs()
  await b.host.run(`rm ${b.layout.lock}`, { timeoutMs })
  await expect(lock.assertOurs()).rejects.toMatchObject({ code: 'locked' })
})

test.concurrent('while it is held a word is sent now and then, for a deployer that is silent is given up', async ({
  onTestFinished,
}) => {
  const { clock, begun, machine, take } = ground(onTestFinished)
  const lock = await take([machine('a'), machine('b')], 'ada@laptop')
  clock.advance(heartbeatMs * 2)
  expect(begun.map(({ written }) => written.length)).toEqual([2, 2])
  await lock.release()
  clock.advance(heartbeatMs * 2)
  expect(begun.map(({ written }) => written.slice(2))).toEqual([[lockEnd], [lockEnd]])
})
