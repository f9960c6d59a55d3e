import { describe, expect, test } from 'vitest'
import { emptyView, frameLines, nextView } from '../../src/output/frame.ts'
import { columnsOf, plainPaint } from '../../src/output/paint.ts'
import type { Report } from '../../src/rollout/report.ts'
import { at, samples, step } from './story.ts'

const start = Date.parse('2026-11-21T03:15:00.000Z')
const { started, phase, serving } = samples

function frame(reports: readonly Report[], size: { columns?: number; rows?: number; afterMs?: number } = {}) {
  const view = at(reports).reduce(nextView, emptyView)
  const nowMs = start + (size.afterMs ?? reports.length * 1000)
  return frameLines(view, { nowMs, columns: size.columns ?? 80, rows: size.rows ?? 24, paint: plainPaint })
}

describe('the live list', () => {
  test('shows step and seconds of the host under way, and how many serve', () => {
    const lines = frame([started, phase, serving, step('web-1', 'verify', 'started'), samples.waiting])
    expect(lines.join('\n')).toMatchInlineSnapshot(`
      "production  5 s  2 of 3 hosts serving  rolling
        ⠋ web-1    2 s  verifying: 3 connections left"
    `)
  })

  test('says that it waits, and until when, and no more once it goes on', () => {
    const { paused, answered } = samples
    expect(frame([started, phase, serving, paused])[0]).toBe(
      'production  4 s  2 of 3 hosts serving  paused, waits until 04:15 UTC',
    )
    for (const next of [answered, phase, step('web-2', 'take-out', 'started')]) {
      expect(frame([started, phase, paused, next])[0]).toMatch(/ rolling$/)
    }
  })

  test('leaves out hosts on which nothing happens', () => {
    expect(frame([started, phase])).toHaveLength(1)
    expect(frame([started, step('web-1', 'prepare', 'done')], { afterMs: 60_000 })).toHaveLength(1)
  })

  test('keeps a failed host in sight, with its reason, also on its way back', () => {
    const failed = frame([started, samples.step], { afterMs: 60_000 }).join('\n')
    expect(failed).toContain('✖ web-2')
    expect(failed).toContain('500 in 3 ms')
    const back = frame([started, samples.step, step('web-2', 'reload', 'started', true)]).join('\n')
    expect(back).toContain('going back: reloading')
    expect(back).toContain('500 in 3 ms')
  })

  test.each([
    [80, 24],
    [50, 10],
    [12, 4],
  ])('of 50 hosts fits into %i columns and %i rows', (columns, rows) => {
    const hosts = Array.from({ length: 50 }, (_, index) => `web-${index + 1}.eu-central.example.com`)
    const lines = frame(
      [
        { ...started, hosts },
        { ...step('', 'reload', 'started'), hosts },
      ],
      { columns, rows },
    )
    expect(lines.length).toBeLessThan(rows)
    expect(lines.length).toBeGreaterThan(1)
    for (const line of lines) expect(columnsOf(line)).toBeLessThan(columns)
    expect(lines.at(-1)).toContain('…')
  })

  test('wide letters are counted as the two columns that they take', () => {
    const lines = frame([started, { ...samples.step, reason: '失敗'.repeat(40) }], { columns: 40 })
    for (const line of lines) expect(columnsOf(line)).toBeLessThan(40)
  })
})
