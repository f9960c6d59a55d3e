import { describe, expect, test } from 'vitest'
import { createLive } from '../../src/output/live.ts'
import { plainPaint } from '../../src/output/paint.ts'
import type { Report } from '../../src/rollout/report.ts'
import { samples, stamped, step } from './story.ts'
import { createTerminal } from './terminal.ts'

function open() {
  const out = createTerminal()
  const err = createTerminal()
  const live = createLive({ out, err, paint: plainPaint, nowMs: () => Date.parse('2026-11-21T03:15:02.000Z') })
  return { out, err, live, show: (report: Report) => live.show(stamped(report)) }
}

describe('live', () => {
  test('shows the step of a host while it lasts', async () => {
    const { out, live, show } = open()
    show(samples.started)
    await out.shows(/^production/)
    show(step('web-2', 'reload', 'started'))
    await out.shows(/web-2 .*reloading/)
    show(step('web-2', 'verify', 'started'))
    await out.shows(/web-2 .*verifying/)
    expect(out.lines().join('\n')).not.toContain('reloading')
    await live.close()
  })

  test('leaves the end on the terminal, and nothing of the list', async () => {
    const { out, live, show } = open()
    show(samples.started)
    show(step('web-1', 'reload', 'started'))
    await out.shows(/reloading/)
    show(samples.note)
    show(samples.finished)
    await live.close()
    const text = out.lines().join('\n')
    expect(text).not.toContain('reloading')
    expect(text).toContain('rolled back  production')
    expect(text.indexOf('needs a look')).toBeLessThan(text.indexOf('rolled back'))
  })

  test('an error ends the list at once, before a process that leaves would have time for more', async () => {
    const { out, err, live, show } = open()
    show(samples.started)
    await out.shows(/^production/)
    show(samples.error)
    expect(out.lines().join('')).toBe('')
    expect(err.lines().join('\n')).toContain('is being deployed by')
    await live.close()
  })

  test('takes its list away at once where it is closed in the middle, and shows the log that waited', async () => {
    const { out, live, show } = open()
    show(samples.started)
    show(samples.step)
    await out.shows(/not verified/)
    void live.close()
    expect(out.lines()[0]).toMatch(/^web-2: not verified; its last 2 lines/)
  })

  test('answers Ctrl-C by no listener of its own', () => {
    const listeners = process.listenerCount('SIGINT')
    const { live, show } = open()
    show(samples.started)
    expect(process.listenerCount('SIGINT')).toBe(listeners)
    return live.close()
  })
})
