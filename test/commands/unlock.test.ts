/** Two hosts with a real lock, and a balancer before them. */
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

const silently = { ask: null, isForced: true }
const answering = (answer: 'resume' | 'abort') => ({ ask: async () => answer, isForced: false })

describe('unlock', () => {
  test('says so where nobody has the lock', async () => {
    const { all, said } = hosts()
    expect(await unlock(all, { ask: null, isForced: false })).toBe(0)
    expect(said()).toEqual(['nobody has the lock of production'])
  })

  test('shows who has it, and takes it away everywhere where that is said', async () => {
    const { all, said, lock, holders } = await lockedHosts()
    expect(await unlock(all, silently)).toBe(0)
    expect(said()).toEqual([
      expect.stringMatching(/^a, b, balancer: ada@laptop .*; last heard of \d+ s ago$/),
      'the lock of production is free: whoever had it changes nothing more',
    ])
    expect(said()[0]).toContain(who)
    expect(await holders()).toEqual([null, null])
    await expect(lock.assertOurs()).rejects.toMatchObject({ code: 'locked' })
    await lock.release()
  })

  test('asks, and leaves it where the answer is no', async () => {
    const { all, said, lock, holders } = await lockedHosts()
    expect(await unlock(all, answering('abort'))).toBe(1)
    expect(said().at(-1)).toBe('the lock is left as it is')
    expect(await holders()).toMatchObject([owner, owner])
    expect(await unlock(all, answering('resume'))).toBe(0)
    expect(await holders()).toEqual([null, null])
    await lock.release()
  })

  test('takes nothing away where nobody can be asked, and says who has it all the same', async () => {
    const { all, said, lock, holders } = await lockedHosts()
    await expect(unlock(all, { ask: null, isForced: false })).rejects.toMatchObject({
      code: 'usage',
      hint: expect.stringContaining('unlock --force'),
    })
    expect(said()).toEqual([expect.stringContaining(who)])
    expect(await holders()).toMatchObject([owner, owner])
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
