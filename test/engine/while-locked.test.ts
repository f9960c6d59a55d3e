import { expect, test } from 'vitest'
import { whileLocked } from '../../src/engine/while-locked.ts'
import { UserError } from '../../src/errors.ts'
import { fakeClock } from './fake-clock.ts'

const owner = { token: 'of ada', by: 'ada@laptop', pid: 7, since: '2026-11-21T03:10:00Z', command: 'deploy production' }

/** Held until then; its holder fell silent so long before the first attempt. */
function held({ silentMs, untilMs }: { readonly silentMs: number | null; readonly untilMs: number }) {
  const clock = fakeClock()
  const startMs = clock.now()
  const passedMs = (): number => clock.now() - startMs
  const cause = () => (silentMs === null ? owner : { ...owner, silentMs: silentMs + passedMs() })
  const attempt = async (): Promise<string> => {
    if (passedMs() < untilMs) throw new UserError('locked', 'a is being deployed to', { cause: cause() })
    return 'ours'
  }
  const take = () => whileLocked({ clock, report: () => {} }, { waitMs: 0 }, attempt)
  return { take, passedMs }
}

test('a deploy that goes on is not waited for, unless somebody says so', async () => {
  const { take, passedMs } = held({ silentMs: null, untilMs: 5_000 })
  await expect(take()).rejects.toMatchObject({ code: 'locked' })
  expect(passedMs()).toBe(0)
})

test('one that has fallen silent is about to lose the lock, and is waited for', async () => {
  const { take, passedMs } = held({ silentMs: 41_000, untilMs: 19_000 })
  expect(await take()).toBe('ours')
  expect(passedMs()).toBe(19_000)
})

test('one that should have lost it by now is not waited for any longer', async () => {
  const { take, passedMs } = held({ silentMs: 41_000, untilMs: 3_600_000 })
  await expect(take()).rejects.toMatchObject({ code: 'locked' })
  expect(passedMs()).toBe(22_000)
})
