/** What a deploy leaves in the journals of its hosts, and what the next one makes of it. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { openJournal } from '../../src/engine/journal.ts'
import { UserError } from '../../src/errors.ts'
import type { JournalEntry } from '../../src/hosts/journal.ts'
import { deployment, isStep, notes } from './deployment.ts'
import { fleet, machine, manifest, ours, view } from './fakes.ts'
import { v1 } from './ground.ts'

type On = ReturnType<typeof deployment>

async function journals({ look }: On): Promise<readonly (readonly JournalEntry[])[]> {
  return (await look()).map(({ inspection }) => inspection.journal)
}

/** `failed verify`, `ended deployed 0` */
function said(entry: JournalEntry): string {
  switch (entry.event) {
    case 'begun':
      return `begun ${entry.kind}`
    case 'prepared':
    case 'activated':
    case 'verified':
      return entry.event
    case 'failed':
      return `failed ${entry.step}`
    case 'ended':
      return `ended ${entry.outcome} ${entry.exitCode}`
  }
}

const told = async (on: On) => (await journals(on)).map((journal) => journal.map(said))
const done = ['prepared', 'activated', 'verified']

describe('a deploy writes down on every host', () => {
  test('that it begins, what it does there, and how it ends', async () => {
    const on = deployment(['a', 'b'])
    await on.run()
    const whole = ['begun deploy', ...done, 'ended deployed 0']
    expect(await told(on)).toEqual([whole, whole])
    const [first] = await journals(on)
    expect(first?.[0]).toEqual({
      at: expect.stringMatching(/^2026-11-21T03:/),
      by: 'ada@laptop',
      token: 'run 1',
      event: 'begun',
      kind: 'deploy',
      release: on.goal,
      sha: on.sha,
      ref: 'main',
      from: v1,
    })
    expect(new Set(first?.map(({ token }) => token))).toEqual(new Set(['run 1']))
    expect((await on.look())[0]?.inspection.manifests.at(-1)).toMatchObject({ verifiedBy: 'ada@laptop' })
  })

  test('nothing, where nothing is to be done', async () => {
    const on = deployment(['a', 'b'])
    await on.run()
    const before = await journals(on)
    await on.run()
    expect(await journals(on)).toEqual(before)
  })

  test('where it failed, and its way back; one that failed is not what was cut off', async () => {
    const on = deployment(['a', 'b'])
    on.apps.bad.add(`b/${on.goal}`)
    await on.run()
    const back = ['activated', 'verified', 'ended rolled back 3']
    expect(await told(on)).toEqual([
      ['begun deploy', ...done, ...back],
      ['begun deploy', 'prepared', 'activated', 'failed verify', ...back],
    ])
    expect((await on.run()).reports.filter(({ type }) => type === 'note')).toEqual([])
  })

  test('that it ended before any host was taken out', async () => {
    const on = deployment(['a', 'b'])
    await expect(on.run({ order: { recipe: { ...on.recipe, prepare: ['false'] } } })).rejects.toThrow('prepared on')
    expect(await told(on)).toEqual(Array(2).fill(['begun deploy', 'ended failed 1']))
  })
})

test('a host that is out of reach when its journal is to be written is said to be so', async () => {
  const gone = () => Promise.reject(new UserError('host-unreachable', 'b does not answer'))
  const machines = ['a', 'b'].map((name) =>
    machine(name, undefined, { journal: name === 'b' ? gone : async () => undefined }),
  )
  const journal = openJournal({ fleet: fleet({ machines }), lock: ours, by: 'ada@laptop' })
  const goal = { kind: 'rollback', manifest: manifest(v1) } as const
  const views = machines.map((each) => ({ ...view(), machine: each }))
  await expect(journal.begin(goal, views)).rejects.toMatchObject({
    code: 'host-unreachable',
    message: expect.stringContaining('could not be written on b'),
    output: 'b does not answer',
    hint: undefined,
  })
})

test('a host that cannot write its journal is not deployed to, and no other one either', async () => {
  const on = deployment(['a', 'b'])
  const { journal } = on.fleet.machines[1]?.layout ?? { journal: '' }
  mkdirSync(journal)
  await expect(on.run()).rejects.toMatchObject({
    code: 'host-command',
    message: 'The journal could not be written on b. Nothing was changed.',
    hint: expect.stringContaining('room'),
  })
  expect(on.active()).toEqual([v1, v1])
  rmSync(journal, { recursive: true })
  expect((await on.run()).code).toBe(0)
})

test('that no host can write down how it ended is a warning: the release serves', async () => {
  const on = deployment(['a', 'b'])
  const refuse = async (entry: JournalEntry): Promise<void> => {
    if (entry.event === 'ended') throw new UserError('host-command', 'a: the journal could not be written')
  }
  const { code, reports } = await on.run({
    through: (machine) => ({ ...machine, depot: { ...machine.depot, journal: refuse } }),
  })
  expect(code).toBe(0)
  expect(notes(reports)).toEqual(['no host knows how it ended: a: the journal could not be written'])
})

describe('the next deploy', () => {
  /** Ends in the middle of a step, as by a second Ctrl-C. */
  const cut = async (on: On, at: (report: Parameters<typeof isStep>[0]) => boolean): Promise<void> => {
    const never = new Promise<never>(() => undefined)
    let isOver = false
    const reached = new Promise<void>((resolve) => {
      void on.run({
        lock: { ...ours, token: 'cut off', guarded: (machine) => (isOver ? never : Promise.resolve(machine)) },
        meanwhile: (report) => {
          if (isOver || !at(report)) return
          isOver = true
          resolve()
        },
      })
    })
    await reached
  }

  test('says which one was cut off, and what is left of it, host by host', async () => {
    const on = deployment(['a', 'b', 'c'])
    await cut(on, (report) => isStep(report, 'reload', 'b'))
    const { code, reports } = await on.run()
    const sha = on.sha.slice(0, 7)
    expect(notes(reports)).toEqual([
      expect.stringMatching(
        new RegExp(`^the deploy of ${sha} by ada@laptop, begun at 2026-11-21T03:15:.*, was cut off$`),
      ),
      `left out of rotation by a deploy; current leads to ${on.goal}, and its processes were not reloaded`,
    ])
    expect(reports.flatMap((each) => (each.type === 'note' ? [each.host] : []))).toEqual([undefined, 'b'])
    expect(code).toBe(0)
  })

  test('and when it has come to its end, there is nothing to tell any more', async () => {
    const on = deployment(['a', 'b'])
    await cut(on, (report) => isStep(report, 'reload', 'b'))
    await on.run()
    expect(notes((await on.run()).reports)).toEqual([])
  })

  test('closes what has come to its end without a word, where nothing is left to be done', async () => {
    const on = deployment(['a', 'b'])
    await on.run()
    for (const { layout } of on.fleet.machines) {
      const lines = readFileSync(layout.journal, 'utf8').trimEnd().split('\n')
      writeFileSync(layout.journal, `${lines.slice(0, -1).join('\n')}\n`)
    }
    const { finished, reports } = await on.run()
    expect(finished?.outcome.kind).toBe('unchanged')
    expect(notes(reports)).toHaveLength(1)
    expect((await told(on))[0]?.slice(-2)).toEqual(['begun deploy', 'ended unchanged 0'])
    expect(notes((await on.run()).reports)).toEqual([])
  })

  test('that was to go on with another one is refused where somebody else came in between', async () => {
    const on = deployment(['a', 'b'])
    await cut(on, (report) => isStep(report, 'reload', 'a'))
    await expect(on.run({ order: { answers: 'of another' } })).rejects.toMatchObject({ code: 'preflight' })
    expect((await on.run({ order: { answers: 'cut off' } })).code).toBe(0)
    await expect(on.run({ order: { answers: 'cut off' } })).rejects.toThrow('Another deploy came in between')
  })
})
