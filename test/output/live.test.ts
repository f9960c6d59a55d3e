import { describe, expect, test } from 'vitest'
import { createLive } from '../../src/output/live.ts'
import { plainPaint } from '../../src/output/paint.ts'
import type { Report } from '../../src/rollout/report.ts'
import { samples, stamped, step } from './story.ts'
import { createTerminal } from './terminal.ts'

const threeFramesMs = 300

function open({ asks = false } = {}) {
  const out = createTerminal()
  const err = createTerminal()
  const live = createLive({ out, err, paint: plainPaint, nowMs: () => Date.parse('2026-11-21T03:15:02.000Z'), asks })
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

  test('a pause stays on the terminal, and the list goes on below it', async () => {
    const { out, live, show } = open()
    show(samples.started)
    await out.shows(/^production/)
    show(samples.paused)
    await out.shows(/^paused after web-1.*\n {2}anywhere.*\nproduction .*paused/)
    await live.close()
  })

  test('while an answer can be typed nothing is drawn over it, and what was typed is not left in the way', async () => {
    const { out, live, show } = open({ asks: true })
    show(samples.started)
    await out.shows(/^production/)
    show(samples.paused)
    const asked = out.lines().filter((line) => line !== '')
    expect(asked.at(-1)).toBe('  here: type y or n and Enter')
    expect(asked.join('\n')).not.toContain('2 s')
    out.write('y')
    await new Promise((resolve) => setTimeout(resolve, threeFramesMs))
    expect(out.lines().filter((line) => line !== '')).toEqual([...asked, 'y'])
    show(samples.answered)
    await out.shows(/Enter\nthe answer is yes, by ada@laptop\nproduction/)
    await live.close()
  })

  test('answers Ctrl-C by no listener of its own', () => {
    const listeners = process.listenerCount('SIGINT')
    const { live, show } = open()
    show(samples.started)
    expect(process.listenerCount('SIGINT')).toBe(listeners)
    return live.close()
  })
})
