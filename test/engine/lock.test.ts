/** Real flock, in a real shell. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, type TestContext, test } from 'vitest'
import type { Machine } from '../../src/engine/fleet.ts'
import { type FleetLock, takeLock } from '../../src/engine/lock.ts'
import { UserError } from '../../src/errors.ts'
import type { HeldCommand } from '../../src/hosts/host.ts'
import { heartbeatMs, type LockOwner } from '../../src/hosts/lock.ts'
import { hostLock } from '../../src/hosts/lock-place.ts'
import { lockEnd, readLockScript } from '../../src/hosts/lock-scripts.ts'
import type { LockableMachine } from '../../src/hosts/lockable.ts'
import type { Report } from '../../src/rollout/report.ts'
import { fakeBalancer, fakeState } from '../balancers/fake-balancer.ts'
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
  const reports: Report[] = []
  onTestFinished(async () => {
    await Promise.all(taken.map((lock) => lock.release()))
    rmSync(folder, { recursive: true })
  })
  const take = async (
    machines: readonly Machine[],
    by: string,
    { waitMs = 0, locks = [] }: { readonly waitMs?: number; readonly locks?: readonly LockableMachine[] } = {},
  ): Promise<FleetLock> => {
    const report = (each: Report): number => reports.push(each)
    const lock = await takeLock({ machines, balancer: { locks }, clock, report }, owner(by), { waitMs })
    taken.push(lock)
    return lock
  }
  return {
    clock,
    begun,
    take,
    reports,
    machine: (name: string, line = whole()) => machine(name, folder, { begun, line }),
  }
}

/** Of one deployer to one machine. */
interface Line {
  isCut: boolean
}

const whole = (): Line => ({ isCut: false })

function machine(
  name: string,
  folder: string,
  { begun, line }: { readonly begun: Begun; readonly line: Line },
): Machine {
  const host = localHost(name)
  const hold = async (script: string): Promise<HeldCommand> => {
    if (line.isCut) throw new UserError('host-unreachable', `${name} does not answer`)
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
  return (await one.host.run(readLockScript(hostLock(one.layout)), { timeoutMs })).stdout
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
  const line = whole()
  await take([machine('a', line)], 'ada@laptop')
  const a = machine('a')
  line.isCut = true
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
  const line = whole()
  const a = machine('a', line)
  const lock = await take([a], 'ada@laptop')
  const { host } = await lock.guarded(a)
  line.isCut = true
  await begun[0]?.held.release()
  await take([machine('a')], 'bob@ci')
  line.isCut = false
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
  const line = whole()
  const a = machine('a', line)
  const lock = await take([a], 'ada@laptop')
  line.isCut = true
  await begun[0]?.held.release()
  await (await take([machine('a')], 'bob@ci')).release()
  line.isCut = false
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

const bobIsRefused = { code: 'locked', message: expect.stringContaining('ada@laptop') }

test.concurrent('a deploy whose connection was cut has its lock again at once, where it only waits', async ({
  onTestFinished,
}) => {
  const { begun, machine, take } = ground(onTestFinished)
  const a = machine('a')
  await take([a], 'ada@laptop')
  await begun[0]?.held.release()
  await expect.poll(() => says(a)).toContain('ada@laptop')
  await expect(take([machine('a')], 'bob@ci')).rejects.toMatchObject(bobIsRefused)
})

test.concurrent('a lock that is being taken again when the deploy ends is not left behind', async ({
  onTestFinished,
}) => {
  const { begun, machine, take } = ground(onTestFinished)
  const a = machine('a')
  const lock = await take([a], 'ada@laptop')
  await begun[0]?.held.release()
  await expect.poll(() => begun.length, { interval: 1 }).toBe(2)
  await lock.release()
  expect(existsSync(a.layout.lock)).toBe(false)
})

test.concurrent('a machine that is a host and the balancer has both its locks kept, and given up', async ({
  onTestFinished,
}) => {
  const { clock, begun, machine, take } = ground(onTestFinished)
  const [a, switchOfA] = [machine('a'), machine('a/switch')]
  const lock = await take([a], 'ada@laptop', { locks: [{ ...switchOfA.depot, name: 'a' }] })
  clock.advance(heartbeatMs)
  expect(begun.map(({ written }) => written)).toEqual([['\n'], ['\n']])
  await lock.release()
  expect([await says(a), await says(switchOfA)]).toEqual(['', ''])
})

test.concurrent('two deploys that share no host meet at the balancer, and no lock is kept of the second', async ({
  onTestFinished,
}) => {
  const { machine, take } = ground(onTestFinished)
  const { locks } = fakeBalancer(fakeState(['a', 'b', 'c']))
  const [a, b] = [machine('a'), machine('b')]
  const lock = await take([a], 'ada@laptop', { locks })
  await expect(take([b], 'bob@ci', { locks })).rejects.toMatchObject(bobIsRefused)
  expect(await says(b)).toBe('')
  await lock.release()
  await take([b], 'bob@ci', { locks })
})

test.concurrent('a deploy that comes in vain leaves the lock to one that was cut off from some hosts', async ({
  onTestFinished,
}) => {
  const { begun, machine, take } = ground(onTestFinished)
  const line = whole()
  const [a, b] = [machine('a', line), machine('b')]
  const lock = await take([a, b], 'ada@laptop')
  line.isCut = true
  await begun[0]?.held.release()
  await expect(take([machine('a'), machine('b')], 'bob@ci')).rejects.toMatchObject(bobIsRefused)
  line.isCut = false
  const { host } = await lock.guarded(a)
  expect(await host.run('echo done', { timeoutMs })).toMatchObject({ code: 0, stdout: 'done\n' })
})

test.concurrent('whom it takes over from is said once, however many hosts that one had', async ({ onTestFinished }) => {
  const { begun, machine, take, reports } = ground(onTestFinished)
  const line = whole()
  const machines = [machine('a', line), machine('b', line)]
  await take(machines, 'ada@laptop')
  line.isCut = true
  await Promise.all(begun.map(({ held }) => held.release()))
  expect(reports).toEqual([])
  line.isCut = false
  await (await take(machines, 'bob@ci')).release()
  await take(machines, 'carol@ci')
  const from = 'ada@laptop (pid 7) since 2026-11-21T03:15:00Z: deploy production main'
  expect(reports).toEqual([{ type: 'note', level: 'info', host: 'a', text: `takes over the lock of ${from}` }])
})

test.concurrent('a deploy whose lock was taken away changes nothing more', async ({ onTestFinished }) => {
  const { machine, take } = ground(onTestFinished)
  const a = machine('a')
  const lock = await take([a], 'ada@laptop')
  const { host } = await lock.guarded(a)
  await machine('a').depot.unlock(owner('ada@laptop'))
  await expect(host.run('echo changed', { timeoutMs })).rejects.toMatchObject({ code: 'locked' })
  await expect(lock.guarded(a)).rejects.toMatchObject({ code: 'locked' })
  await expect(lock.assertOurs()).rejects.toMatchObject({ code: 'locked' })
})

test.concurrent('who waits gets the lock as soon as it is free, and says once for whom it waits', async ({
  onTestFinished,
}) => {
  const { machine, take, reports } = ground(onTestFinished)
  const lock = await take([machine('a')], 'ada@laptop')
  const waiting = take([machine('a')], 'bob@ci', { waitMs: 600_000 })
  await expect.poll(() => reports.length, { timeout: timeoutMs }).toBe(1)
  await lock.release()
  await waiting
  expect(reports).toEqual([
    {
      type: 'note',
      level: 'info',
      text: expect.stringMatching(/^waits for the lock until 2026-11-21T03:25:00.000Z: a is .* by ada@laptop/),
    },
  ])
})

test.concurrent('a line that drops while the lock is waited for is no end of that', async ({ onTestFinished }) => {
  const { machine, take, reports } = ground(onTestFinished)
  const line = whole()
  line.isCut = true
  const waiting = take([machine('a', line)], 'bob@ci', { waitMs: 600_000 })
  await expect.poll(() => reports.length, { timeout: timeoutMs }).toBe(1)
  line.isCut = false
  await waiting
})

test.concurrent('of two that skip different hosts never both are refused', async ({ onTestFinished }) => {
  const { machine, take } = ground(onTestFinished)
  const order: string[] = []
  const { locks } = fakeBalancer(fakeState(['a', 'b', 'c']))
  const noted = (each: LockableMachine, by: string): LockableMachine => ({
    ...each,
    lock: (...words) => {
      order.push(`${by} ${each.name}`)
      return each.lock(...words)
    },
  })
  const notedHost = (name: string, by: string): Machine => {
    const one = machine(name)
    return { ...one, depot: { ...one.depot, ...noted({ ...one.depot, name }, by) } }
  }
  const meet = { locks: locks.map((each) => noted(each, 'ada')) }
  await (await take([notedHost('b', 'ada'), notedHost('a', 'ada')], 'ada@laptop', meet)).release()
  expect(order).toEqual(['ada balancer', 'ada a', 'ada b'])
  const both = await Promise.allSettled([
    take([machine('a'), machine('b'), machine('c')], 'ada@laptop'),
    take([machine('c'), machine('b')], 'bob@ci'),
  ])
  expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
})

test.concurrent('who waits is refused when the time is over', async ({ onTestFinished }) => {
  const { machine, take } = ground(onTestFinished)
  await take([machine('a')], 'ada@laptop')
  await expect(take([machine('a')], 'bob@ci', { waitMs: 300 })).rejects.toMatchObject(bobIsRefused)
})
