import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { UserError } from '../../src/errors.ts'
import type { CommandResult, Host } from '../../src/hosts/host.ts'
import { reconnecting } from '../../src/hosts/reconnect.ts'
import { localHost } from '../balancers/local-host.ts'

const well: CommandResult = { code: 0, signal: null, timedOut: false, stdout: '', stderr: '' }
beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Rejects with these, one after another, then answers. */
function answering(...errors: readonly (UserError | Error)[]): { readonly host: Host; readonly asked: () => number } {
  let asked = 0
  const run = async (): Promise<CommandResult> => {
    const error = errors[asked++]
    if (error !== undefined) throw error
    return well
  }
  return { host: reconnecting({ ...localHost('web-1'), run }), asked: () => asked }
}

const lost = (): UserError => new UserError('host-unreachable', 'the connection was lost')

test('what only looks is looked again where the connection was lost', async () => {
  const { host, asked } = answering(lost(), lost())
  const looking = host.run('', { timeoutMs: 5_000 })
  await vi.advanceTimersByTimeAsync(5_000)
  expect(await looking).toEqual(well)
  expect(asked()).toBe(3)
})

test('but not for ever: the time of one look, and half a minute at most', async () => {
  for (const [timeoutMs, limitMs] of [
    [5_000, 5_000],
    [600_000, 30_000],
  ] as const) {
    const { host } = answering(...Array.from({ length: 1_000 }, lost))
    const startMs = performance.now()
    const refused = expect(host.run('', { timeoutMs })).rejects.toMatchObject({ code: 'host-unreachable' })
    await vi.advanceTimersByTimeAsync(limitMs)
    await refused
    expect(performance.now() - startMs).toBe(limitMs)
  }
})

test('what is no matter of the line is told at once', async () => {
  for (const error of [new UserError('host-key', 'another key'), new Error('a bug')]) {
    const { host, asked } = answering(error)
    await expect(host.run('', { timeoutMs: 5_000 })).rejects.toBe(error)
    expect(asked()).toBe(1)
  }
})
