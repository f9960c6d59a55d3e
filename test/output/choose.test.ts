import { Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { canDrawOver, chooseOutput } from '../../src/output/choose.ts'
import { wantsColor } from '../../src/output/paint.ts'
import { createSink } from '../../src/output/sink.ts'
import { samples, stamped } from './story.ts'
import { createTerminal } from './terminal.ts'

const wishes = { json: false, verbose: false, color: false, onHosts: true, isAnswer: false, asks: false }

async function firstLine(changes: Partial<typeof wishes>, isTTY: boolean): Promise<string> {
  const out = createTerminal({ isTTY })
  const output = await chooseOutput({ ...wishes, ...changes }, { env: {}, out, err: out, nowMs: Date.now })
  output.show(stamped(samples.started))
  output.show(stamped(samples.resolved))
  await output.close()
  return out.lines()[0] ?? ''
}

describe('the output', () => {
  test('is a list at a terminal, stamped lines elsewhere and with --verbose, and JSON where asked for', async () => {
    expect(await firstLine({}, true)).toMatch(/^origin\/main is 5d6e7f8/)
    expect(await firstLine({}, false)).toMatch(/^03:15:00 {2}deploy production/)
    expect(await firstLine({ verbose: true }, true)).toMatch(/^03:15:00 {2}deploy production/)
    expect(JSON.parse(await firstLine({ json: true }, true))).toMatchObject({ type: 'started' })
  })

  test.each([
    [{}, true],
    [{ CI: 'false' }, true],
    [{ CI: 'true' }, false],
    [{ CI: '1' }, false],
    [{ TERM: 'dumb' }, false],
  ])('with %o, a terminal is drawn over: %s', (env, expected) => {
    expect(canDrawOver(env, { isTTY: true })).toBe(expected)
    expect(canDrawOver(env, { isTTY: false })).toBe(false)
  })

  test.each([
    [{ color: true, env: {}, isTerminal: true }, true],
    [{ color: true, env: {}, isTerminal: false }, false],
    [{ color: false, env: { FORCE_COLOR: '1' }, isTerminal: true }, false],
    [{ color: true, env: { NO_COLOR: '1', FORCE_COLOR: '1' }, isTerminal: true }, false],
    [{ color: true, env: { NO_COLOR: '' }, isTerminal: true }, true],
    [{ color: true, env: { FORCE_COLOR: '1' }, isTerminal: false }, true],
    [{ color: true, env: { FORCE_COLOR: '0' }, isTerminal: true }, false],
    [{ color: true, env: { TERM: 'dumb' }, isTerminal: true }, false],
  ])('with %o, it is coloured: %s', (question, expected) => {
    expect(wantsColor(question)).toBe(expected)
  })

  test('outlives a reader that went away', async () => {
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) })
    const sink = createSink(broken)
    for (let line = 0; line < 3; line++) {
      sink.write('a line\n')
      await sink.flush()
    }
    expect(broken.destroyed).toBe(true)
  })
})
