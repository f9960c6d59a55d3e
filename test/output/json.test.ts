import { expect, test } from 'vitest'
import { createJson } from '../../src/output/json.ts'
import type { Reported } from '../../src/rollout/report.ts'
import { kinds, samples, stamped } from './story.ts'

function written(reports: readonly Reported[], verbose: boolean): string {
  const parts: string[] = []
  const json = createJson({ out: { write: (text) => parts.push(text), flush: async () => {} }, verbose })
  for (const report of reports) json.show(report)
  return parts.join('')
}

test('each line parses back to its event, whatever is in it', () => {
  const events = kinds.map((kind) => stamped(samples[kind]))
  const lines = written(events, true).trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toEqual(events)
})

test('what a host writes is left out without verbose, and nothing else is', () => {
  const events = kinds.map((kind) => stamped(samples[kind]))
  const types = written(events, false)
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as Reported).type)
  expect(types).toEqual(kinds.filter((kind) => kind !== 'output'))
})
