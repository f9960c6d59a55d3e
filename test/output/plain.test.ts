import { describe, expect, test } from 'vitest'
import { colorPaint, plainPaint } from '../../src/output/paint.ts'
import { createPlainText } from '../../src/output/plain.ts'
import type { Report } from '../../src/rollout/report.ts'
import { answers, at, kinds, samples, stamped, step } from './story.ts'

const options = { paint: plainPaint, verbose: false, stamps: true, asks: false }

function told(reports: readonly Report[], changes: Partial<typeof options> = {}): string {
  const text = createPlainText({ ...options, ...changes })
  return [...at(reports).flatMap(text.lines), ...text.rest()].join('\n')
}

describe('plain', () => {
  test('a deploy reads as one line an event, with time and host', () => {
    const { started, phase, resolved, waiting, serving, note } = samples
    const story: readonly Report[] = [
      started,
      resolved,
      phase,
      note,
      { ...step('web-1', 'take-out', 'done'), hosts: ['web-1', 'web-2'], tookMs: 312 },
      serving,
      step('web-1', 'drain', 'started'),
      waiting,
      step('web-1', 'verify', 'done'),
      step('web-1', 'confirm', 'started', true),
    ]
    expect(told(story)).toMatchInlineSnapshot(`
      "03:15:00  deploy production: 3 hosts, web-1, web-2, web-3 (times are UTC)
      03:15:01  origin/main is 5d6e7f8, release 20261121031500-5d6e7f8
      03:15:01  commits: 1a2b3c4 → 5d6e7f8
      03:15:01    5d6e7f8 Add the basket
      03:15:02  rolling
      03:15:03  web-2  warning: needs a look:
      sudo sh setup.sh
      03:15:04  web-1, web-2  taken out of rotation (0.3 s)
      03:15:05  2 of 3 hosts serving
      03:15:06  web-1  waiting until drained
      03:15:07  web-1  waiting until drained: 3 connections left
      03:15:08  web-1  verified
      03:15:09  web-1  going back: waiting for the balancer"
    `)
  })

  test.each(kinds.filter((kind) => !answers.includes(kind)))('%s is drawn', (kind) => {
    expect(told([samples[kind]], { verbose: true })).not.toBe('')
  })

  test('a pause says after whom, who may answer and how, and until when', () => {
    const { started, paused, answered } = samples
    expect(told([started, paused, answered, { ...answered, answer: 'abort' }])).toMatchInlineSnapshot(`
      "03:15:00  deploy production: 3 hosts, web-1, web-2, web-3 (times are UTC)
      03:15:01  paused after web-1: waits for a yes until 04:15 UTC; no answer is a no
      03:15:01    anywhere: \`zdr-deploy production resume\` or \`zdr-deploy production abort\`
      03:15:02  the answer is yes, by ada@laptop
      03:15:03  the answer is no, by ada@laptop"
    `)
    expect(told([started, paused], { asks: true })).toMatch(/here: type y or n and Enter$/)
  })

  test('soak and migration are steps like others', () => {
    const migrate = { ...step('web-1', 'migrate', 'failed'), reason: 'exit 1' }
    const soak = { ...step('web-1', 'soak', 'failed'), reason: 'its processes were restarted' }
    expect(
      told([step('web-1', 'migrate', 'started'), migrate, step('web-1', 'soak', 'started'), soak]),
    ).toMatchInlineSnapshot(`
      "03:15:00  web-1  migrating
      03:15:01  web-1  not migrated: exit 1
      03:15:02  web-1  soaking
      03:15:03  web-1  not well while it soaked: its processes were restarted"
    `)
  })

  test('what a host writes is shown with verbose only', () => {
    expect(told([samples.output])).toBe('')
    expect(told([samples.output], { verbose: true })).toContain('added 12 packages')
  })

  test('the same number of serving hosts is not told twice', () => {
    const { serving } = samples
    const fewer = { ...serving, serving: 1 }
    expect(told([serving, serving, fewer, serving]).split('\n')).toHaveLength(3)
  })

  test('a wait that counts down every second is told every five', () => {
    const waits = Array.from({ length: 11 }, (_, index) => ({ ...samples.waiting, text: `${11 - index} left` }))
    expect(told(waits).split('\n')).toHaveLength(3)
  })

  test('findings are gathered by host, errors first, and told before what follows', () => {
    const { finding, phase } = samples
    const warning = { ...finding, weight: 'warning', text: 'little space', host: 'web-3' } as const
    const other = { ...finding, host: 'web-1' }
    expect(told([warning, other, finding, phase])).toMatchInlineSnapshot(`
      "web-3
        ✖ error: no git on the PATH
          → apt install git
        ! warning: little space
          → apt install git
      web-1
        ✖ error: no git on the PATH
          → apt install git
      03:15:03  rolling"
    `)
  })

  test('findings that nothing follows are told at the end', () => {
    expect(told([samples.finding])).toContain('no git on the PATH')
  })

  test('a log that comes with a failure is shown once, at the end', () => {
    const lines = told([samples.step, samples.step, samples.finished]).split('\n')
    expect(lines.filter((line) => line.includes('Cannot find module'))).toHaveLength(1)
  })

  test('a log is shown even where the end never came', () => {
    expect(told([samples.step])).toContain('Cannot find module')
  })

  test('nothing that a host wrote can colour, move or command the log', () => {
    const log = '\u001b[2J\u001b[31mred\u0007\n::error::boo'
    const text = told([{ ...samples.step, log, reason: 'bad\n::set-output::x\u001b[1A' }])
    expect(text).not.toContain('\u001b')
    expect(text).not.toMatch(/^\s*::/m)
    expect(text).toContain('│ red')
  })

  test('colours come only by the paint', () => {
    const text = createPlainText({ ...options, paint: colorPaint })
    expect(text.lines(stamped(samples.step)).join('')).toContain('\u001b[31m')
  })
})
