import { describe, expect, test } from 'vitest'
import { openSession } from '../../src/hosts/open-session.ts'

/** As ssh2 tells it. */
function refusal(reason: number): Error {
  return Object.assign(new Error('(SSH) Channel open failure: open failed'), { reason })
}

/** Refuses so many times, then opens. */
function server(refusals: readonly Error[]) {
  const left = [...refusals]
  let asked = 0
  const open = async (): Promise<string> => {
    asked++
    const next = left.shift()
    if (next !== undefined) throw next
    return 'open'
  }
  return { open, asked: () => asked }
}

describe('a session', () => {
  test('is asked for again where the server has not cleared up yet', async () => {
    const { open, asked } = server([refusal(2), refusal(2)])
    expect(await openSession(open)).toBe('open')
    expect(asked()).toBe(3)
  })

  test('is given up where the server allows no more, with what it said', async () => {
    const { open, asked } = server(Array.from({ length: 50 }, () => refusal(2)))
    await expect(openSession(open)).rejects.toThrow('open failed')
    expect(asked()).toBe(5)
  })

  test.each([
    ['forbidden', refusal(1)],
    ['cut off', new Error('not connected')],
  ])('is not asked for again where it is %s', async (_what, error) => {
    const { open, asked } = server([error])
    await expect(openSession(open)).rejects.toBe(error)
    expect(asked()).toBe(1)
  })
})
