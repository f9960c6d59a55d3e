import { describe, expect, test } from 'vitest'
import type { Machine } from '../../src/engine/fleet.ts'
import { type AskPerson, type Pausing, spanText, waitForYes } from '../../src/engine/pause.ts'
import { UserError } from '../../src/errors.ts'
import type { Answer, Depot, Pause } from '../../src/hosts/depot.ts'
import { type FakeFleet, fleet, machine, ours } from './fakes.ts'

const nobody: AskPerson = async () => null

interface Disk {
  pause: Pause | null
  answer: Answer | null
}

/** In memory: a real shell takes a time of its own, and the clock here leaps. */
function diskDepot(disk: Disk): Partial<Depot> {
  return {
    pause: async (pause) => {
      disk.pause = pause
      disk.answer = null
    },
    paused: async () => disk.pause,
    answer: async (answer) => {
      disk.answer = answer
    },
    answered: async (token) => (disk.answer?.token === token ? disk.answer : null),
  }
}

interface Asked {
  readonly machines: readonly Machine[]
  readonly disks: Readonly<Record<'a' | 'b', Disk>>
  readonly fleet: FakeFleet
  readonly told: string[]
}

interface Given extends Partial<Pausing> {
  /** What somebody else does as soon as the question is told. */
  readonly meanwhile?: (on: Asked) => unknown
  readonly before?: Answer
}

/** Two hosts that may be asked. */
function waiting({ meanwhile = () => undefined, before, ...given }: Given) {
  const disks = { a: { pause: null, answer: before ?? null }, b: { pause: null, answer: null } }
  const machines = (['a', 'b'] as const).map((name) => machine(name, undefined, diskDepot(disks[name])))
  const all = fleet({ machines })
  const asked: Asked = { machines, disks, fleet: all, told: [] }
  const report: FakeFleet['report'] = (each) => {
    asked.told.push(each.type)
    all.report(each)
    if (each.type === 'paused') void all.clock.sleep(1_500).then(() => meanwhile(asked))
  }
  const pausing = { lock: ours, after: ['a'], askPerson: nobody, isWanted: () => true, ...given }
  return { ...asked, done: waitForYes({ fleet: { ...all, report }, ...pausing }) }
}

function answerOn({ machines }: Asked, host: string, answer: Partial<Answer>): Promise<void> | undefined {
  const depot = machines.find(({ name }) => name === host)?.depot
  return depot?.answer({ token: ours.token, answer: 'resume', by: 'bob@ci', ...answer })
}

function left({ disks: { a, b } }: Asked): readonly unknown[] {
  return [a.pause, a.answer, b.pause, b.answer].filter((each) => each !== null)
}

/** Nobody ever hears of it again. */
const lost = () => Promise.reject(new UserError('host-unreachable', 'no route'))
const silence = new Promise<never>(() => undefined)

describe('a deploy that waits for a yes', () => {
  test('goes on with a yes from the terminal', async () => {
    const on = waiting({ askPerson: async () => 'resume' })
    await on.done
    expect(on.fleet.reports).toContainEqual({ type: 'answered', answer: 'resume', by: 'the terminal' })
    expect(left(on)).toEqual([])
  })

  test('ends with a no from the terminal', async () => {
    const on = waiting({ askPerson: async () => 'abort' })
    await expect(on.done).rejects.toMatchObject({ code: 'interrupted', message: 'aborted by the terminal' })
    expect(left(on)).toEqual([])
  })

  test('says on every host that it waits, for whom and how long', async () => {
    let said: readonly unknown[] = []
    const on = waiting({
      meanwhile: (asked) => {
        said = [asked.disks.a.pause, asked.disks.b.pause]
        return answerOn(asked, 'a', {})
      },
    })
    await on.done
    const pause = { token: 'ours', after: ['a'], since: '2026-11-21T03:15:00.000Z', until: '2026-11-21T03:16:00.000Z' }
    expect(said).toEqual([pause, pause])
  })

  test.each([
    ['a', 'resume'],
    ['b', 'resume'],
  ] as const)('goes on with a yes left on %s', async (host, answer) => {
    const on = waiting({ meanwhile: (asked) => answerOn(asked, host, { answer }) })
    await on.done
    expect(on.fleet.reports).toContainEqual({ type: 'answered', answer, by: 'bob@ci' })
    expect(left(on)).toEqual([])
  })

  test('ends with a no left on a host, naming who said it', async () => {
    const on = waiting({ meanwhile: (asked) => answerOn(asked, 'b', { answer: 'abort' }) })
    await expect(on.done).rejects.toMatchObject({ code: 'interrupted', message: 'aborted by bob@ci' })
    expect(left(on)).toEqual([])
  })

  test('takes silence for a no, when its time is over', async () => {
    const on = waiting({})
    const startMs = on.fleet.clock.now()
    await expect(on.done).rejects.toMatchObject({ code: 'interrupted', message: 'nobody said yes within 1 min' })
    expect(on.fleet.clock.now() - startMs).toBe(60_000)
    expect(left(on)).toEqual([])
  })

  test('that nobody wants any more, withdraws its question, and takes neither for an answer', async () => {
    let isWanted = true
    let isWithdrawn = false
    const on = waiting({
      isWanted: () => isWanted,
      askPerson: async (withdrawn) => {
        await withdrawn
        isWithdrawn = true
        return null
      },
      meanwhile: () => {
        isWanted = false
      },
    })
    await on.done
    expect(on.told).toEqual(['paused'])
    expect(isWithdrawn).toBe(true)
    expect(left(on)).toEqual([])
  })

  test('takes no answer that was meant for another deploy', async () => {
    const on = waiting({ meanwhile: (asked) => answerOn(asked, 'a', { token: 'another' }) })
    await expect(on.done).rejects.toThrow('nobody said yes')
  })

  test('takes no answer that was given to its question before', async () => {
    const on = waiting({ before: { token: ours.token, answer: 'resume', by: 'bob@ci' } })
    await expect(on.done).rejects.toThrow('nobody said yes')
  })

  test('nor one that stands on a host which could not be told of this question', async () => {
    const guarded: typeof ours.guarded = (each) => (each.name === 'a' ? lost() : ours.guarded(each))
    const before = { token: ours.token, answer: 'resume', by: 'bob@ci' } as const
    await expect(waiting({ lock: { ...ours, guarded }, before }).done).rejects.toThrow('nobody said yes')
  })

  test('asks before any host is told, and waits for none that is silent', async () => {
    let answer: (said: 'resume') => void = () => undefined
    const typed = new Promise<'resume'>((resolve) => {
      answer = resolve
    })
    const silent = waiting({ lock: { ...ours, guarded: () => silence }, askPerson: () => typed })
    expect(silent.told).toEqual(['paused'])
    await silent.fleet.clock.sleep(20_000)
    answer('resume')
    await silent.done
    expect(silent.told).toEqual(['paused', 'answered'])
  })

  test('that is withdrawn at once leaves no question behind, however late the hosts take it', async () => {
    let isWanted = true
    const guarded: typeof ours.guarded = async (each) => {
      await new Promise((resolve) => {
        setTimeout(resolve, 50)
      })
      return each
    }
    const on = waiting({ lock: { ...ours, guarded }, isWanted: () => isWanted })
    isWanted = false
    await on.done
    expect(left(on)).toEqual([])
  })

  test('hears the host that knows, while another is silent', async () => {
    const guarded: typeof ours.guarded = (each) => (each.name === 'a' ? silence : ours.guarded(each))
    const late = (asked: Asked) => asked.fleet.clock.sleep(20_000).then(() => answerOn(asked, 'b', {}))
    const on = waiting({ lock: { ...ours, guarded }, meanwhile: late })
    await on.done
    expect(on.told).toEqual(['paused', 'answered'])
    expect(left(on)).toEqual([])
  })

  test('waits on where a host cannot be told, and says where none can', async () => {
    const on = waiting({ lock: { ...ours, guarded: lost }, askPerson: async () => 'resume' })
    await on.done
    expect(on.fleet.reports).toContainEqual(
      expect.objectContaining({ type: 'note', level: 'warning', text: 'no host knows of the pause: no route' }),
    )
    const guarded: typeof ours.guarded = (each) => (each.name === 'a' ? lost() : ours.guarded(each))
    const half = waiting({ lock: { ...ours, guarded }, meanwhile: (asked) => answerOn(asked, 'b', {}) })
    await half.done
    expect(half.told).toEqual(['paused', 'answered'])
  })
})

test.each([
  [3_600_000, '1 h'],
  [5_400_000, '1 h 30 min'],
  [600_000, '10 min'],
  [90_500, '1 min 30 s 500 ms'],
  [1, '1 ms'],
])('%i ms are %s', (ms, text) => {
  expect(spanText(ms)).toBe(text)
})
