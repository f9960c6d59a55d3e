/** `migrate` within whole deploys: how often it is run, and what becomes of it. */
import { describe, expect, test } from 'vitest'
import type { Machine } from '../../src/engine/fleet.ts'
import { UserError } from '../../src/errors.ts'
import type { Depot } from '../../src/hosts/depot.ts'
import { wellCommit } from '../simulation/fleet/repository.ts'
import { boxOf } from '../simulation/fleet/world.ts'
import { type Given, imaginedDeployment, isStep, notes } from './deployment.ts'
import { v1 } from './ground.ts'

const command = 'npm run migrate'

/** A deploy that migrates. */
function migrating(names: readonly string[] = ['a', 'b']) {
  const on = imaginedDeployment(names)
  const ran: string[] = []
  on.world.onChange = (change) => {
    if (change.type === 'ran' && change.command === command) ran.push(`${change.host}: ${change.release}`)
  }
  const endsBadly = (failing: readonly string[]): void =>
    void on.world.repository.commits.set(on.sha, { ...wellCommit(on.sha), failing })
  const answered = (answer: 'again' | 'done' | null, given: Given = {}): Given => ({
    ...given,
    order: { migration: { command, answer }, ...given.order },
  })
  return {
    ...on,
    ran,
    runs: () => ran.length,
    breakDown: () => endsBadly([command]),
    mend: () => endsBadly([]),
    run: (given: Given = {}, answer: 'again' | 'done' | null = null) => on.run(answered(answer, given)),
  }
}

async function remembered(on: ReturnType<typeof migrating>): Promise<readonly (readonly string[])[]> {
  return (await on.look()).map(({ inspection }) => inspection.migrations.map(({ state }) => state))
}

/** The command is run, and how it ended is never heard. */
function cutOff(reason: (ran: unknown) => UserError): (machine: Machine) => Machine {
  return (machine) => {
    const run: Depot['run'] = async (commands, running) => {
      const ended = await machine.depot.run(commands, running)
      if (running.what.startsWith('the migration')) throw reason(ended)
    }
    return { ...machine, depot: { ...machine.depot, run } }
  }
}

const lost = cutOff(() => new UserError('host-unreachable', 'the connection was lost'))
const tooLong = cutOff(() => {
  const cause = { code: null, signal: 'SIGKILL', timedOut: true, stdout: '', stderr: '' }
  return new UserError('host-command', 'not done within 1200 s', { cause })
})

describe('a migration', () => {
  test('is run once, on one host, in the new release, before any host is taken out', async () => {
    const on = migrating()
    let outAtThatTime: readonly unknown[] = ['not asked']
    const { code } = await on.run({
      meanwhile: (report) => {
        if (isStep(report, 'migrate', 'a')) outAtThatTime = [...on.balancer.published]
      },
    })
    expect([code, on.ran]).toEqual([0, [`a: ${on.goal}`]])
    expect(outAtThatTime).toEqual([])
  })

  test('is remembered on every host', async () => {
    const on = migrating(['a', 'b', 'c'])
    await on.run()
    expect(await remembered(on)).toEqual(Array(3).fill(['started', 'done']))
  })

  test('is not repeated by a second run, nor when only one host remembers it', async () => {
    const on = migrating()
    on.apps.bad.add(on.goal)
    expect((await on.run()).code).toBe(3)
    on.apps.bad.clear()
    boxOf(on.world, 'a').disk.migrations.length = 0
    const { code, reports } = await on.run()
    expect([code, on.runs()]).toEqual([0, 1])
    expect(notes(reports)).toContainEqual(expect.stringContaining('was run for'))
  })

  test('that fails ends the deploy with nothing switched, and may be run again', async () => {
    const on = migrating()
    on.breakDown()
    await expect(on.run()).rejects.toMatchObject({
      code: 'host-command',
      message: expect.stringContaining('migration'),
    })
    expect([on.active(), on.balancer.published]).toEqual([[v1, v1], []])
    expect(await remembered(on)).toEqual(Array(2).fill(['started', 'failed']))
    on.mend()
    expect((await on.run()).code).toBe(0)
    expect(on.runs()).toBe(2)
  })

  test.each([
    ['whose connection was lost', lost],
    ['that took too long', tooLong],
  ])('%s is not repeated before somebody says so', async (_, through) => {
    const on = migrating()
    await expect(on.run({ through })).rejects.toThrow()
    await expect(on.run()).rejects.toMatchObject({
      code: 'preflight',
      message: expect.stringContaining('it is not known whether it ended'),
      hint: expect.stringContaining('--migrate again'),
    })
    expect([on.runs(), on.active()]).toEqual([1, [v1, v1]])
  })

  test('that was cut off is run again, or counts as done, as somebody says', async () => {
    const again = migrating()
    await expect(again.run({ through: lost })).rejects.toThrow()
    expect((await again.run({}, 'again')).code).toBe(0)
    expect(again.runs()).toBe(2)
    const done = migrating()
    await expect(done.run({ through: lost })).rejects.toThrow()
    expect((await done.run({}, 'done')).code).toBe(0)
    expect((await done.run()).code).toBe(0)
    expect(done.runs()).toBe(1)
  })

  test('that is to be run again is, though no host has to move; cut off then, it is asked about', async () => {
    const on = migrating()
    await on.run()
    const { code, finished } = await on.run({}, 'again')
    expect([code, finished?.outcome.kind, on.runs()]).toEqual([0, 'unchanged', 2])
    await expect(on.run({ through: lost }, 'again')).rejects.toThrow('connection was lost')
    await expect(on.run()).rejects.toThrow('not known whether it ended')
    expect((await on.run({}, 'done')).code).toBe(0)
    expect((await on.run()).code).toBe(0)
    expect(on.runs()).toBe(3)
  })

  test('is not run for a release that every host runs already, as long as nobody asks for it', async () => {
    const on = migrating()
    await on.run({ order: { migration: null } })
    const { code, finished } = await on.run()
    expect([code, finished?.outcome.kind, on.runs()]).toEqual([0, 'unchanged', 0])
  })

  test('is not begun where a host cannot be told of it', async () => {
    const on = migrating()
    const noteMigration = () => Promise.reject(new UserError('host-command', 'the disk is full'))
    const through = (machine: Machine): Machine =>
      machine.name === 'b' ? { ...machine, depot: { ...machine.depot, noteMigration } } : machine
    await expect(on.run({ through })).rejects.toThrow('the disk is full')
    expect(on.runs()).toBe(0)
    expect((await on.run()).code).toBe(0)
  })

  test('that was refused, and never began, may be run the next time: nobody has to say so', async () => {
    const on = migrating()
    const refused = new UserError('locked', 'an earlier step is still running', { cause: { isBegun: false } })
    const refuse = (machine: Machine): Machine => {
      const run: Depot['run'] = (commands, running) =>
        running.isLasting ? Promise.reject(refused) : machine.depot.run(commands, running)
      return { ...machine, depot: { ...machine.depot, run } }
    }
    await expect(on.run({ through: refuse })).rejects.toBe(refused)
    expect(await remembered(on)).toEqual(Array(2).fill(['started', 'failed']))
    expect((await on.run()).code).toBe(0)
    expect(on.runs()).toBe(1)
  })

  test('is brought to its end by an interruption, and nothing after it is begun', async () => {
    const on = migrating()
    const running = on.run({
      meanwhile: (report, interrupt) => {
        if (isStep(report, 'migrate', 'a')) interrupt()
      },
    })
    await expect(running).rejects.toMatchObject({ code: 'interrupted' })
    expect([on.runs(), on.active()]).toEqual([1, [v1, v1]])
    expect(await remembered(on)).toEqual(Array(2).fill(['started', 'done']))
  })
})

describe('going back', () => {
  const back = { order: { wish: { kind: 'release', release: 1 } } } as const

  test('runs no migration, and says which one stays', async () => {
    const on = migrating()
    await on.run()
    const { code, reports } = await on.run(back)
    expect([code, on.runs()]).toEqual([0, 1])
    expect(notes(reports)).toEqual([expect.stringMatching(/^the migration .* is not undone/)])
  })

  test('says so as well where only some hosts have the release that is left', async () => {
    const on = migrating()
    await on.run({
      meanwhile: (report, interrupt) => {
        if (isStep(report, 'reload', 'a')) interrupt()
      },
    })
    expect(on.active()).toEqual([on.goal, v1])
    const { reports } = await on.run(back)
    expect(notes(reports)).toContainEqual(expect.stringContaining('is not undone'))
  })

  test('by itself, a deploy that fails says so', async () => {
    const on = migrating()
    on.apps.bad.add(on.goal)
    const { code, reports } = await on.run()
    expect(code).toBe(3)
    expect(notes(reports)).toContainEqual(expect.stringContaining('was run, and is not undone'))
  })
})
