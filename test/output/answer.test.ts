import { expect, test } from 'vitest'
import { createAnswer } from '../../src/output/answer.ts'
import { plainPaint } from '../../src/output/paint.ts'
import type { Report } from '../../src/rollout/report.ts'
import { before, fromSha, kinds, release, samples, stamped, toSha } from './story.ts'

function written(reports: readonly Report[], { isTerminal = false } = {}) {
  const texts = { out: '', err: '' }
  const sink = (to: 'out' | 'err') => ({
    write: (text: string) => {
      texts[to] += text
    },
    flush: async () => {},
  })
  const output = createAnswer({ out: sink('out'), err: sink('err'), paint: plainPaint, isTerminal })
  for (const report of reports) output.show(stamped(report))
  return texts
}

const one = { ...samples.started, hosts: ['web-1'] }
const line = (text: string, host = 'web-1', stream: 'stdout' | 'stderr' = 'stdout') =>
  ({ type: 'printed', host, stream, line: text }) as const

test('of all that happens, only the answer goes to standard output', () => {
  const others = kinds.filter((kind) => !['releases', 'history', 'printed'].includes(kind))
  expect(
    written(others.filter((kind) => !['plan', 'status', 'finished'].includes(kind)).map((kind) => samples[kind])).out,
  ).toBe('')
})

test('a commit that all hosts have stands alone; where they differ, each has a line', () => {
  const hosts = [
    { host: 'web-1', release, sha: toSha },
    { host: 'web-2', release, sha: toSha },
  ]
  expect(written([{ ...samples.releases, hosts, agree: true }]).out).toBe(`${toSha}\n`)
  expect(written([samples.releases]).out).toBe(`web-1\t${toSha}\nweb-2\t-\n`)
})

test('what was deployed is a line each, with tabs, and where it still is', () => {
  expect(written([samples.history]).out).toBe(
    [
      `0\t${toSha}\t2026-11-21T03:15:00.000Z\tada@laptop\t${release}`,
      `1\t${fromSha}\t2026-11-20T10:15:00.000Z\tgrace@desk\t${before}\tonly web-1`,
      '',
    ].join('\n'),
  )
})

test('a command on one host prints what it prints', () => {
  const said = written([one, line('a\tb'), line('\u001b[31mred\u001b[0m'), line('oh', 'web-1', 'stderr')])
  expect(said).toEqual({ out: 'a\tb\n\u001b[31mred\u001b[0m\n', err: 'oh\n' })
})

test('on several, each line has its host before it, on the stream that it was written to', () => {
  const hosts = ['web-1', '10.0.0.12']
  const said = written([{ ...samples.started, hosts }, line('a'), line('b', '10.0.0.12'), line('c', 'web-1', 'stderr')])
  expect(said).toEqual({ out: 'web-1      | a\n10.0.0.12  | b\n', err: 'web-1      | c\n' })
})

test('at a terminal, a host moves no cursor', () => {
  expect(written([one, line('\u001b[2Jhello')], { isTerminal: true }).out).toBe('hello\n')
})

test('what is wrong with a host is told before its output, on standard error', () => {
  const { out, err } = written([one, samples.finding, line('a'), samples.error])
  expect(out).toBe('a\n')
  expect(err).toMatch(/web-3\n.*no git on the PATH[\s\S]*being deployed by ada/)
})
