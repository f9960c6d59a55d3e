import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { prompt } from '../../src/output/prompt.ts'

async function typed(keys: string): Promise<{ readonly answer: string | null; readonly shown: string }> {
  const input = new PassThrough()
  const out = new PassThrough()
  const asking = prompt('Host: ', { input, out })
  input.end(keys)
  const answer = await asking
  return { answer, shown: String(out.read()) }
}

test('a line is the answer, as it was corrected before Enter', async () => {
  const { answer, shown } = await typed('web-2\u007F1\r')
  expect(answer).toBe('web-1')
  expect(shown).toContain('Host: ')
})

test.each([
  ['Ctrl-C', 'web\u0003'],
  ['Ctrl-D', '\u0004'],
  ['a terminal that went away', ''],
])('%s is no answer', async (_, keys) => {
  const { answer, shown } = await typed(keys)
  expect(answer).toBeNull()
  expect(shown).toMatch(/\n$/)
})
