/** Two hosts with a real lock: a deploy waits for a yes, and somebody else answers from another process. */
import { describe, expect, test } from 'vitest'
import { answerOnce, askInstead, effectOf, leaveAnswer } from '../../src/commands/answer.ts'
import type { Machine } from '../../src/engine/fleet.ts'
import { type FleetLock, takeLock } from '../../src/engine/lock.ts'
import { waitForYes } from '../../src/engine/pause.ts'
import { UserError } from '../../src/errors.ts'
import type { Begun } from '../../src/hosts/journal.ts'
import { fleet } from '../engine/fakes.ts'
import { folder, localMachine } from '../engine/ground.ts'
import { environment } from './environment.ts'

const since = '2026-11-21T03:15:00.000Z'
const owner = { token: 'token of ada', by: 'ada@laptop', pid: 7, since, command: 'deploy production main' }
const pause = { token: owner.token, after: ['a'], since, until: '2026-11-21T04:15:00.000Z' }

async function hosts() {
  const base = folder()
  const machines = ['a', 'b'].map((name) => localMachine(name, `${base}/${name}`))
  await Promise.all(machines.map(({ depot }) => depot.setUp()))
  return machines
}

async function whileLocked(machines: readonly Machine[], work: (lock: FleetLock) => Promise<void>): Promise<void> {
  const { clock } = fleet()
  const lock = await takeLock({ machines, clock, balancer: { locks: [] }, report: () => undefined }, owner)
  try {
    await work(lock)
  } finally {
    await lock.release()
  }
}

const resume = { answer: 'resume', by: 'bob@ci' } as const
const nobodyWaits = { kind: 'nobody waits' }

/** The question is told before it stands on the hosts. */
async function answerWhenAsked(machines: readonly Machine[]) {
  for (;;) {
    const left = await leaveAnswer(machines, resume)
    if (left.kind === 'given') return left.after
  }
}

describe('an answer', () => {
  test('reaches the deploy that waits, and says after which hosts that is', async () => {
    const machines = await hosts()
    await whileLocked(machines, async (lock) => {
      const all = fleet({ machines })
      let after: unknown = null
      const report: typeof all.report = (each) => {
        all.report(each)
        if (each.type === 'paused')
          void answerWhenAsked(machines).then((found) => {
            after = found
          })
      }
      const nobody = async () => null
      const long = { ...all.times, pauseTimeoutMs: Number.MAX_SAFE_INTEGER / 1e6 }
      await waitForYes({
        fleet: { ...all, report, times: long },
        lock,
        after: ['a'],
        askPerson: nobody,
        isWanted: () => true,
      })
      expect(all.reports).toContainEqual({ type: 'answered', answer: 'resume', by: 'bob@ci' })
      expect(after).toEqual(['a'])
    })
  })

  test('is left nowhere where nobody waits', async () => {
    const machines = await hosts()
    expect(await leaveAnswer(machines, resume)).toEqual(nobodyWaits)
    await whileLocked(machines, async () => {
      expect(await leaveAnswer(machines, resume)).toEqual(nobodyWaits)
    })
    expect(await machines[0]?.depot.answered(owner.token)).toBe(null)
  })

  test('is not given to the question that a killed deploy left behind', async () => {
    const machines = await hosts()
    await Promise.all(machines.map(({ depot }) => depot.pause(pause)))
    expect(await leaveAnswer(machines, resume)).toEqual(nobodyWaits)
    await whileLocked(machines, async () => undefined)
    expect(await leaveAnswer(machines, resume)).toEqual(nobodyWaits)
  })

  test('is not given to a question from before, while another deploy has the lock', async () => {
    const machines = await hosts()
    await Promise.all(machines.map(({ depot }) => depot.pause({ ...pause, token: 'token of another' })))
    await whileLocked(machines, async () => {
      expect(await leaveAnswer(machines, resume)).toEqual(nobodyWaits)
    })
  })

  test('is enough on one host; that no host takes it, is told', async () => {
    const machines = await hosts()
    const refuse = () => Promise.reject(new UserError('host-unreachable', 'no route'))
    const deaf = (machine: Machine): Machine => ({ ...machine, depot: { ...machine.depot, answer: refuse } })
    await whileLocked(machines, async () => {
      await Promise.all(machines.map(({ depot }) => depot.pause(pause)))
      const [a, b] = machines
      if (a === undefined || b === undefined) throw new Error('no machine')
      expect(await leaveAnswer([deaf(a), b], resume)).toEqual({ kind: 'given', after: ['a'] })
      await expect(leaveAnswer([deaf(a), deaf(b)], resume)).rejects.toThrow('no route')
    })
  })

  test('is not said to be for nobody where a host could not be looked at', async () => {
    const [a, b] = await hosts()
    if (a === undefined || b === undefined) throw new Error('no machine')
    const error = new UserError('host-command', 'b: no word of a pause', {
      output: 'ada may not enter /var/www/shop/.zdr',
    })
    const blind: Machine = { ...b, depot: { ...b.depot, paused: () => Promise.reject(error) } }
    const text = 'b: no word of a pause\nada may not enter /var/www/shop/.zdr'
    const unseen = { kind: 'unseen', findings: [{ weight: 'error', host: 'b', text }] }
    expect(await leaveAnswer([a, blind], resume)).toEqual(unseen)
    await whileLocked([a], async () => {
      await a.depot.pause(pause)
      expect(await leaveAnswer([a, blind], resume)).toEqual({ kind: 'given', after: ['a'] })
    })
  })
})

describe('where nobody waits', () => {
  const v1 = '20261101000000-1111111'
  const begun: Begun = {
    at: since,
    by: owner.by,
    token: owner.token,
    event: 'begun',
    kind: 'deploy',
    release: '20261102000000-2222222',
    sha: '2'.repeat(40),
    ref: 'main',
    from: v1,
  }
  const cutOff = async () => {
    const machines = await hosts()
    await Promise.all(machines.map(({ depot }) => depot.journal(begun)))
    return machines
  }

  test('a deploy that was cut off is gone on with to its commit, or taken back to what ran before it', async () => {
    const machines = await cutOff()
    const { token } = owner
    expect(await askInstead('resume', machines)).toEqual({ goal: { kind: 'ref', ref: begun.sha }, token })
    expect(await askInstead('abort', machines)).toEqual({ goal: { kind: 'release', release: v1 }, token })
  })

  test('one that lives is left alone, and so is one that has come to its end', async () => {
    const machines = await cutOff()
    await whileLocked(machines, async () => {
      expect(await askInstead('resume', machines)).toBe(null)
    })
    const { at, by, token } = begun
    await machines[0]?.depot.journal({ at, by, token, event: 'ended', outcome: 'deployed', exitCode: 0 })
    expect(await askInstead('resume', machines)).toBe(null)
    expect(await askInstead('abort', await hosts())).toBe(null)
  })

  test('one that lives, or was cut off a moment ago, is not said to have ended', async () => {
    const machines = await cutOff()
    await whileLocked(machines, async () => {
      await expect(answerOnce('resume', machines)).rejects.toMatchObject({
        code: 'locked',
        message: expect.stringMatching(/still under way, or was cut off less than a minute ago: ada@laptop/),
        hint: expect.stringContaining('--wait'),
        cause: expect.objectContaining({ token: owner.token }),
      })
    })
    expect(await answerOnce('resume', machines)).toMatchObject({ asked: { token: owner.token } })
    expect(await answerOnce('resume', await hosts())).toEqual({ left: nobodyWaits, asked: null })
  })

  test('one host that tells of it is enough', async () => {
    const [a, b] = await cutOff()
    if (a === undefined || b === undefined) throw new Error('no machine')
    const refuse = () => Promise.reject(new UserError('host-unreachable', 'no route'))
    const gone: Machine = { ...a, depot: { ...a.depot, inspect: refuse, lockOwner: refuse } }
    expect(await askInstead('resume', [gone, b])).toMatchObject({ token: owner.token })
    expect(await askInstead('resume', [gone])).toBe(null)
  })
})

test('a no is told for what it does here', () => {
  const { rollout } = environment()
  expect(effectOf('resume', { rollout })).toBe('goes on')
  expect(effectOf('abort', { rollout: { ...rollout, onFailure: 'rollback' } })).toBe('takes back what it did')
  expect(effectOf('abort', { rollout: { ...rollout, onFailure: 'stop' } })).toBe('stops where it is')
})
