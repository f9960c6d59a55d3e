import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseDuration } from '../../src/config/duration.ts'

test.each([
  ['30s', 30_000],
  ['500ms', 500],
  ['2m', 120_000],
  ['1.5s', 1500],
  ['1h', 3_600_000],
  [' 10 s ', 10_000],
  ['0s', 0],
])('%s is %d ms', (written, milliseconds) => {
  expect(parseDuration(written)).toEqual({ ok: true, value: milliseconds })
})

test('what is written in a unit is read in that unit', () => {
  const units = { ms: 1, s: 1000, m: 60_000 } as const
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1440 }), fc.constantFrom('ms', 's', 'm'), (amount, unit) => {
      expect(parseDuration(`${amount}${unit}`)).toEqual({ ok: true, value: amount * units[unit] })
    }),
  )
})

test.each([30, '30', 0])('%j has no unit, and is told how to have one', (written) => {
  expect(parseDuration(written)).toMatchObject({ ok: false, problem: expect.stringContaining(`${written}s`) })
})

test('nothing else is a duration, and nothing throws', () => {
  const notDurations = fc
    .anything()
    .filter((value) => typeof value !== 'string' || !/^\s*[\d.]+\s*(ms|s|m|h)\s*$/.test(value))
  fc.assert(
    fc.property(notDurations, (value) => {
      expect(parseDuration(value).ok).toBe(false)
    }),
  )
  for (const wrong of ['-1s', '1 day', '1e3s', 'forever', '', null, '25h', '1..5s']) {
    expect(parseDuration(wrong).ok, String(wrong)).toBe(false)
  }
})
