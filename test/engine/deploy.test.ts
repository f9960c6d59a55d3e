/** A deploy from its first look to its exit code. */
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import type { Machine } from '../../src/engine/fleet.ts'
import { ofHost, UserError } from '../../src/errors.ts'
import { deployment, histories, imaginedDeployment, isStep, notes } from './deployment.ts'
import { ours, shaOf, times } from './fakes.ts'
import { v1 } from './ground.ts'

const never = new Promise<never>(() => undefined)

describe('a deploy', () => {
  test('brings the commit to every host, writes that down, and ends with 0', async () => {
    const on = deployment(['a', 'b'])
    const { code, finished } = await on.run()
    expect(code).toBe(0)
    expect(finished).toMatchObject({
      command: 'deploy',
      outcome: { kind: 'deployed' },
      exitCode: 0,
      fromSha: shaOf('1'),
      toSha: on.sha,
    })
    expect(on.active()).toEqual([on.goal, on.goal])
    expect(on.balancer.published).toEqual([['a'], [], ['b'], []])
    const both = [`deploy ${v1}`, `deploy ${on.goal}`]
    expect(await histories(on)).toEqual([both, both])
  })

  test('done again changes nothing, prepares nothing, and ends with 0 as well', async () => {
    const on = imaginedDeployment(['a', 'b'])
    await on.run()
    const { code, finished, reports } = await on.run()
    expect([code, finished?.outcome.kind]).toEqual([0, 'unchanged'])
    expect(reports.filter(({ type }) => type === 'step')).toEqual([])
    expect(await histories(on)).toEqual(Array(2).fill([`deploy ${v1}`, `deploy ${on.goal}`]))
  })

  test('that fails goes back by itself, writes no history, and ends with 3', async () => {
    const on = imaginedDeployment(['a', 'b'])
    on.apps.bad.add(`b/${on.goal}`)
    const { code, finished } = await on.run()
    expect([code, finished?.outcome.kind]).toEqual([3, 'rolled back'])
    expect(on.active()).toEqual([v1, v1])
    expect(await histories(on)).toEqual([[`deploy ${v1}`], [`deploy ${v1}`]])
  })

  test('whose soak shows a bad release goes back, and is built anew the next time, with one new id for all', async () => {
    const on = imaginedDeployment(['a', 'b'], { times: { ...times, soakMs: 30_000 } })
    const { code } = await on.run({
      meanwhile: (report) => {
        if (isStep(report, 'soak', 'a')) on.apps.bad.add(on.goal)
      },
    })
    expect(code).toBe(3)
    expect(on.active()).toEqual([v1, v1])
    expect(on.apps.of('b').reloads).toBe(0)
    const again = await on.run()
    expect(again.code).toBe(0)
    expect(on.active()[0]).not.toBe(on.goal)
    expect(on.active()[1]).toBe(on.active()[0])
  })

  test('waits for a yes after a batch that pauses: yes goes on, no takes it back', async () => {
    const on = imaginedDeployment(['a', 'b'])
    const batches = on.policy.batches.map((batch, index) => ({ ...batch, pause: index === 0 }))
    const paused = { policy: { ...on.policy, batches } }
    const no = await on.run({ order: paused, company: { askPerson: async () => 'abort' } })
    expect([no.code, no.finished?.outcome.failure]).toEqual([3, 'aborted by the terminal'])
    expect(on.active()).toEqual([v1, v1])
    const yes = await on.run({ order: paused, company: { askPerson: async () => 'resume' } })
    expect(yes.code).toBe(0)
    expect(on.active()).toEqual([on.goal, on.goal])
  })

  test('interrupted while it waits for a yes, ends as it is, and its question is gone from every host', async () => {
    const on = imaginedDeployment(['a', 'b'])
    const batches = on.policy.batches.map((batch) => ({ ...batch, pause: true }))
    const { code } = await on.run({
      order: { policy: { ...on.policy, batches } },
      meanwhile: (report, interrupt) => {
        if (report.type === 'paused') interrupt()
      },
    })
    expect(code).toBe(130)
    expect(on.active()).toEqual([on.goal, v1])
    expect(await Promise.all(on.fleet.machines.map(({ depot }) => depot.paused()))).toEqual([null, null])
  })
})

test('a release that failed on the last host is built anew for the first as well, where it was verified', async () => {
  const on = imaginedDeployment(['a', 'b'])
  on.apps.bad.add(`b/${on.goal}`)
  await on.run()
  expect((await on.run()).code).toBe(0)
  const [one, other] = on.active()
  expect(one).toBe(other)
  expect(one).not.toBe(on.goal)
})

test('where a failure stops the rollout, the host that has the release keeps it as verified', async () => {
  const on = imaginedDeployment(['a', 'b'])
  on.apps.bad.add(`b/${on.goal}`)
  const { code } = await on.run({ order: { policy: { ...on.policy, onFailure: 'stop' } } })
  expect(code).toBe(4)
  expect((await on.look()).map(({ runs }) => runs)).toEqual([on.goal, v1])
})

describe('before anything is changed', () => {
  test('a rollout that could not come to its end is refused', async () => {
    const on = imaginedDeployment(['a', 'b'])
    on.apps.bad.add(`b/${v1}`)
    const running = on.run({ order: { policy: { ...on.policy, minServing: 2 } } })
    await expect(running).rejects.toMatchObject({
      code: 'preflight',
      message: expect.stringContaining('come to its end'),
    })
    expect(on.active()).toEqual([v1, v1])
    expect((await on.look())[0]?.inspection.releases).not.toContain(on.goal)
  })

  test('everything that was found while connecting stops it', async () => {
    const on = imaginedDeployment(['a', 'b'])
    const running = on.run({ company: { findings: [{ weight: 'error', host: 'c', text: 'no route' }] } })
    await expect(running).rejects.toMatchObject({ code: 'preflight' })
    expect(on.fleet.reports).toContainEqual({ type: 'finding', weight: 'error', host: 'c', text: 'no route' })
  })

  test('a ref that does not exist ends it', async () => {
    const on = imaginedDeployment(['a', 'b'])
    await expect(on.run({ order: { wish: { kind: 'ref', ref: 'mian' } } })).rejects.toMatchObject({ code: 'git' })
  })

  test('a host that cannot build ends it, and no host is taken out', async () => {
    const on = deployment(['a', 'b'])
    const { recipe } = on
    const running = on.run({ order: { recipe: { ...recipe, prepare: ['echo no space >&2; false'] } } })
    await expect(running).rejects.toThrow('could not be prepared on a, b')
    expect(on.balancer.published).toEqual([])
    expect(on.fleet.reports).toContainEqual(
      expect.objectContaining({ type: 'step', step: 'prepare', state: 'failed', log: 'no space' }),
    )
  })

  test('an interruption ends what runs on the machine of its own, and is over when that is', async () => {
    const on = imaginedDeployment(['a', 'b'])
    let interrupted = (): void => undefined
    let isOver = false
    const running = on.run({
      company: {
        beforePrepare: async (_, signal) => {
          const ended = once(signal, 'abort')
          interrupted()
          await ended
          isOver = await Promise.resolve(true)
        },
      },
      meanwhile: (_, interrupt) => {
        interrupted = interrupt
      },
    })
    await expect(running).rejects.toMatchObject({ code: 'interrupted' })
    expect(isOver).toBe(true)
    expect(on.active()).toEqual([v1, v1])
  })

  test('an interruption in the middle of a build ends it, and no host is taken out', async () => {
    const on = imaginedDeployment(['a', 'b'])
    let interrupted = (): void => undefined
    let building = 0
    const build = (): Promise<never> => {
      building += 1
      if (building === 2) interrupted()
      return never
    }
    const running = on.run({
      through: (machine) => ({ ...machine, depot: { ...machine.depot, run: build } }),
      meanwhile: (_, interrupt) => {
        interrupted = interrupt
      },
    })
    await expect(running).rejects.toMatchObject({ code: 'interrupted' })
    expect(on.balancer.published).toEqual([])
  })
})

/** The lock of that deploy on every host, and what becomes of the commands there. */
function locked(on: ReturnType<typeof imaginedDeployment>) {
  const own = (token: string): typeof ours => {
    for (const { disk } of on.world.hosts.values())
      disk.lock = { token, by: 'ada@laptop', pid: 1, since: '2026-11-21T03:15:00.000Z', command: 'deploy' }
    const guarded: typeof ours.guarded = async (machine) => ({ ...machine, ...machine.depot.guarded(token) })
    return { ...ours, token, guarded }
  }
  const said: string[] = []
  on.world.onChange = (change) => {
    if (change.type === 'ran') said.push(`${change.host}: ${change.command}: ${change.ended}`)
  }
  return { own, said }
}

test('an interruption in the middle of a build leaves nothing of it behind, and nothing that was cut off', async () => {
  const on = imaginedDeployment(['a', 'b'])
  const { own, said } = locked(on)
  const running = on.run({
    lock: own('ada'),
    order: { recipe: { ...on.recipe, prepare: ['sleep 300'] } },
    meanwhile: (report, interrupt) => {
      if (isStep(report, 'prepare', 'b')) interrupt()
    },
  })
  await expect(running).rejects.toMatchObject({ code: 'interrupted' })
  expect(said.toSorted()).toEqual(['a: sleep 300: cut off', 'b: sleep 300: cut off'])
  const ends = (await on.look()).map(({ inspection }) => inspection.journal.at(-1))
  expect(ends).toMatchObject(Array(2).fill({ event: 'ended', outcome: 'failed', exitCode: 130 }))
  expect(notes((await on.run({ lock: own('bob') })).reports)).toEqual([])
})

test('an interruption while the commit is looked for ends that on its host as well', async () => {
  const on = imaginedDeployment(['a', 'b'])
  const asked: string[] = []
  const through = (machine: Machine): Machine => {
    let end = (error: UserError): void => void error
    const fetch: Machine['depot']['fetch'] = () =>
      new Promise((_, reject) => {
        end = reject
        interrupted()
      })
    const endStep: Machine['depot']['endStep'] = async (token) => {
      asked.push(`${machine.name} ${token}`)
      end(new UserError('git', 'it was ended'))
      return false
    }
    return { ...machine, depot: { ...machine.depot, fetch, endStep } }
  }
  let interrupted = (): void => undefined
  const running = on.run({
    lock: { ...ours, token: 'ada' },
    through,
    meanwhile: (_, interrupt) => {
      interrupted = interrupt
    },
  })
  await expect(running).rejects.toMatchObject({ code: 'interrupted' })
  expect(asked).toEqual(['a ada', 'b ada'])
})

test('what still runs of the deploy before is ended before anything is looked at', async () => {
  const on = imaginedDeployment(['a', 'b'])
  const { own, said } = locked(on)
  const [first] = on.fleet.machines
  own('ada')
  const old = first?.depot.guarded('ada').depot.run(
    { directory: null, commands: ['echo begun', 'sleep 300'], env: {} },
    {
      what: 'a build failed',
      timeoutMs: 600_000,
      onLine: () => begun(),
    },
  )
  let begun = (): void => undefined
  await new Promise<void>((resolve) => {
    begun = resolve
  })
  const refused = expect(old).rejects.toMatchObject({ code: 'host-command' })
  let before: readonly string[] = []
  await on.run({
    lock: own('bob'),
    meanwhile: (report) => {
      if (report.type === 'phase' && report.phase === 'resolve') before = [...said]
    },
  })
  expect(before).toContain('a: sleep 300: cut off')
  await refused
})

test.each([
  ['a step that never began', new UserError('host-command', 'a: it was not begun', { cause: { isBegun: false } })],
  ['a port that somebody else has', new UserError('host-command', 'a: port 80 is held', { cause: ofHost })],
])('a release is not called bad for %s, and is used again', async (_, refused) => {
  let isRefused = true
  const on: ReturnType<typeof imaginedDeployment> = imaginedDeployment(['a', 'b'], {
    processesOf: (_, machine) => {
      const processes = on.apps.processes(machine)
      if (!isRefused) return processes
      const reload: typeof processes.reload = async () => {
        isRefused = false
        throw refused
      }
      return { ...processes, reload }
    },
  })
  expect((await on.run()).code).toBe(3)
  const [first] = await on.look()
  expect(first?.inspection.manifests.find(({ id }) => id === on.goal)?.state).toBe('activated')
  const { goal } = on
  expect((await on.run()).code).toBe(0)
  expect(on.active()).toEqual([goal, goal])
})

test('a host that is not ours to look at ends it, and says why', async () => {
  const on = imaginedDeployment(['a', 'b'])
  const refused = new UserError('locked', 'a: a step of the deploy before is still running there')
  const guarded: typeof ours.guarded = async (machine) => ({
    ...machine,
    depot: { ...machine.depot, inspect: () => Promise.reject(refused) },
  })
  await expect(on.run({ lock: { ...ours, guarded } })).rejects.toBe(refused)
})

test('a deploy that lost its lock while it was built changes nothing', async () => {
  const on = imaginedDeployment(['a', 'b'])
  const lost = new UserError('locked', 'a is being deployed to by bob@ci')
  let isLost = false
  const guarded: typeof ours.guarded = async (machine) => {
    if (isLost) throw lost
    return machine
  }
  const beforePrepare = async (): Promise<void> => {
    isLost = true
  }
  await expect(on.run({ lock: { ...ours, guarded }, company: { beforePrepare } })).rejects.toThrow(
    'is being deployed to by',
  )
  expect(on.active()).toEqual([v1, v1])
})

test('what a release is made of is noted with it: commands, environment, ref', async () => {
  const on = imaginedDeployment(['a', 'b'])
  await on.run({ order: { recipe: { ...on.recipe, env: { A: '1' } } } })
  const [first] = await on.look()
  const noted = first?.inspection.manifests.find(({ id }) => id === on.goal)
  expect(noted).toMatchObject({ sha: on.sha, ref: 'main', env: { A: '1' }, state: 'verified' })
  expect(notes(on.fleet.reports)).toEqual([])
})

describe('a disk', () => {
  const full = (machine: Machine): Machine => {
    const inspect = async () => ({ ...(await machine.depot.inspect()), freeBytes: 2 ** 20 })
    return machine.name === 'b' ? { ...machine, depot: { ...machine.depot, inspect } } : machine
  }

  test('without room for the release ends a deploy before anything is changed, and stands in no way back', async () => {
    const on = imaginedDeployment(['a', 'b'])
    await expect(on.run({ through: full })).rejects.toMatchObject({ code: 'preflight' })
    for (const { inspection } of await on.look())
      expect([inspection.releases.length, inspection.journal]).toEqual([2, []])
    await on.run()
    const { code } = await on.run({ through: full, order: { wish: { kind: 'release', release: 1 } } })
    expect([code, on.active()]).toEqual([0, [v1, v1]])
  })

  test('is not filled by builds that fail, one after another: the next deploy first removes what they left', async () => {
    const on = imaginedDeployment(['a', 'b'])
    const broken = { recipe: { ...on.recipe, prepare: ['false'] } }
    for (let times = 0; times < 3; times += 1)
      await expect(on.run({ order: broken })).rejects.toMatchObject({ code: 'host-command' })
    for (const { inspection } of await on.look()) expect(inspection.releases).toHaveLength(3)
  })

  test('on which something cannot be removed is warned of, and deployed to', async () => {
    const on = imaginedDeployment(['a', 'b'])
    await expect(on.run({ order: { recipe: { ...on.recipe, prepare: ['false'] } } })).rejects.toThrow('not be prepared')
    const prune = (): Promise<never> => Promise.reject(new UserError('host-command', 'a: it cannot be removed'))
    const { code, reports } = await on.run({ through: (each) => ({ ...each, depot: { ...each.depot, prune } }) })
    expect(code).toBe(0)
    expect(notes(reports)).toContain('a: it cannot be removed')
  })
})
