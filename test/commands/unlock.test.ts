/** Two hosts with a real lock, and a balancer before them. */
import { rmSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { unlock } from '../../src/commands/unlock.ts'
import { takeLock } from '../../src/engine/lock.ts'
import { UserError } from '../../src/errors.ts'
import { fakeBalancer, fakeState } from '../balancers/fake-balancer.ts'
import { fleet } from '../engine/fakes.ts'
import { folder, localMachine } from '../engine/ground.ts'

const since = '2026-11-21T03:15:00.000Z'
const owner = { token: 'token of ada', by: 'ada@laptop', pid: 7, since, command: 'deploy production main' }
const who = 'ada@laptop (pid 7) since 2026-11-21T03:15:00.000Z: deploy production main'

function hosts() {
  const base = folder()
  const machines = ['a', 'b'].map((name) => localMachine(name, `${base}/${name}`))
  const all = fleet({ machines, balancer: fakeBalancer(fakeState(['a', 'b'])) })
  const said = () => all.reports.flatMap((each) => (each.type === 'note' ? [each.text] : []))
  return { all, said }
}

async function lockedHosts() {
  const on = hosts()
  const lock = await takeLock(on.all, owner)
  return { ...on, lock, holders: () => Promise.all(on.all.machines.map(({ depot }) => depot.lockOwner())) }
}

const silently = { unreached: [], ask: null, isForced: true }
const answering = (isYes: boolean) => ({ unreached: [], ask: async () => isYes, isForced: false })
const showing = { unreached: [], ask: null, isForced: false }

describe('unlock', () => {
  test('says so where nobody has the lock', async () => {
    const { all, said } = hosts()
    expect(await unlock(all, showing)).toBe(0)
    expect(said()).toEqual(['nobody has the lock of production'])
  })

  test('shows who has it, and takes it away everywhere where that is said', async () => {
    const { all, said, lock, holders } = await lockedHosts()
    expect(await unlock(all, silently)).toBe(0)
    expect(said()).toEqual([
      expect.stringMatching(/^a, b, balancer: ada@laptop .*; last heard of \d+ s ago$/),
      'the lock of production was taken away: whoever had it changes nothing more',
    ])
    expect(said()[0]).toContain(who)
    expect(await holders()).toEqual([null, null])
    await expect(lock.assertOurs()).rejects.toMatchObject({ code: 'locked' })
    await lock.release()
  })

  test('asks, and leaves it where the answer is no', async () => {
    const { all, said, lock, holders } = await lockedHosts()
    expect(await unlock(all, answering(false))).toBe(1)
    expect(said().at(-1)).toBe('the lock is left as it is')
    expect(await holders()).toMatchObject([owner, owner])
    expect(await unlock(all, answering(true))).toBe(0)
    expect(await holders()).toEqual([null, null])
    await lock.release()
  })

  test('takes nothing away where nobody can be asked, and says who has it all the same', async () => {
    const { all, said, lock, holders } = await lockedHosts()
    await expect(unlock(all, showing)).rejects.toMatchObject({
      code: 'usage',
      hint: expect.stringContaining('unlock --force'),
    })
    expect(said()).toEqual([expect.stringContaining(who)])
    expect(await holders()).toMatchObject([owner, owner])
    await lock.release()
  })

  test('takes it away from one whose line was removed, too', async () => {
    const { all, lock, holders } = await lockedHosts()
    for (const { layout } of all.machines) rmSync(layout.lock)
    expect(await unlock(all, silently)).toBe(0)
    expect(await holders()).toEqual([null, null])
    await lock.release()
  })

  test('does not say that it was taken away where it is still held', async () => {
    const { all, lock } = await lockedHosts()
    const [a, b] = all.machines
    if (a === undefined || b === undefined) throw new Error('two hosts')
    const stubborn = { ...b, depot: { ...b.depot, unlock: async () => undefined } }
    await expect(unlock({ ...all, machines: [a, stubborn] }, silently)).rejects.toMatchObject({ code: 'host-command' })
    const text = expect.stringContaining(`still held by ${who}`)
    expect(all.reports).toContainEqual({ type: 'finding', weight: 'error', host: 'b', text })
    await lock.release()
  })

  test('says so where another deploy, which waited, has it by now', async () => {
    const { all, said, lock } = await lockedHosts()
    const [a, b] = all.machines
    if (a === undefined || b === undefined) throw new Error('two hosts')
    const bob = { ...owner, token: 'token of bob', by: 'bob@ci' }
    const holders = [owner, bob]
    const waited = {
      ...b,
      depot: { ...b.depot, lockOwner: async () => holders.shift() ?? null, unlock: async () => undefined },
    }
    expect(await unlock({ ...all, machines: [a, waited] }, silently)).toBe(0)
    expect(said().at(-1)).toMatch(/^taken by another since, b: bob@ci/)
    await lock.release()
  })

  test('ends the step under way on every host, and says where a migration goes on', async () => {
    const { all, lock, holders } = await lockedHosts()
    const ended: unknown[] = []
    const machines = all.machines.map((machine) => {
      const endStep = async (token: string) => {
        ended.push([machine.name, token, await machine.depot.lockOwner()])
        return machine.name === 'b'
      }
      return { ...machine, depot: { ...machine.depot, endStep } }
    })
    expect(await unlock({ ...all, machines }, silently)).toBe(0)
    const both = ['a', 'b'].map((name) => [name, owner.token, null])
    expect(new Set(ended)).toEqual(new Set(both))
    const text = 'a migration goes on here, which is not ended half-way: it ends by itself within its time limit'
    expect(all.reports).toContainEqual({ type: 'note', level: 'warning', host: 'b', text })
    expect(await holders()).toEqual([null, null])
    await lock.release()
  })

  test('does not say that nobody has it, or that it is gone, where a machine was not reached', async () => {
    const free = hosts()
    await expect(unlock(free.all, { ...showing, unreached: ['lb'] })).rejects.toMatchObject({
      message: 'Not everywhere: on a, b, balancer nobody has the lock of production; on lb somebody may still have it.',
    })
    expect(free.said()).toEqual([])
    const { all, said, lock, holders } = await lockedHosts()
    await expect(unlock(all, { ...silently, unreached: ['lb'] })).rejects.toMatchObject({
      message: `Not everywhere: on a, b, balancer the lock of production was taken away; on lb somebody may still have it.`,
    })
    expect(said()).toEqual([expect.stringContaining(who), 'it is not known who has it on lb'])
    expect(await holders()).toEqual([null, null])
    await lock.release()
  })

  test('tells of a machine that could not be looked at, and unlocks the others', async () => {
    const { all, lock, holders } = await lockedHosts()
    const [a, b] = all.machines
    if (a === undefined || b === undefined) throw new Error('two hosts')
    const refuse = () => Promise.reject(new UserError('host-command', 'b: the lock could not be read'))
    const blind = { ...b, depot: { ...b.depot, lockOwner: refuse } }
    await expect(unlock({ ...all, machines: [a, blind] }, silently)).rejects.toMatchObject({ code: 'host-command' })
    expect(all.reports).toContainEqual({
      type: 'finding',
      weight: 'error',
      host: 'b',
      text: 'b: the lock could not be read',
    })
    expect((await holders())[0]).toBe(null)
    await lock.release()
  })
})
