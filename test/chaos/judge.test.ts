import { describe, expect, it } from 'vitest'
import type { Lab } from '../lab/lab.ts'
import type { ChaosCase, Scene } from './case.ts'
import { documentOf } from './document.ts'
import { judge, type Seen } from './judge.ts'
import { broken } from './row.ts'

const CASE: ChaosCase = { fault: 'A fault', step: 'draining', hosts: 2 }
const SCENE: Scene = { lab: {} as Lab, ran: 'r1', asked: 'r2' }
const GOOD = { code: 0, signal: null, stdout: '', stderr: '', late: false }
const EVERYWHERE = { 'web-1': 'r2', 'web-2': 'r2' }
const NOBODY_FAILED = {
  total: 100,
  failed: 0,
  byKind: {} as Seen['requests']['byKind'],
  samples: [],
  versionsSeen: {},
  hostsSeen: {},
}
const SEEN: Seen = {
  result: GOOD,
  shown: [],
  atEnd: EVERYWHERE,
  next: { asked: 'r2', result: GOOD, running: EVERYWHERE, status: GOOD },
  requests: NOBODY_FAILED,
}

const errorLine = (message: string) => `${JSON.stringify({ type: 'error', message })}\n`

describe('a case', () => {
  it('in which all is as promised does not fall short', () => {
    expect(judge(CASE, SCENE, SEEN)).toMatchObject({ short: [], ran: 'asked for', exit: '0', again: 'converged' })
  })

  it('in which the deployer was killed is judged by what came after it', () => {
    const result = { ...GOOD, code: null, signal: 'SIGKILL' } as const
    const seen = { ...SEEN, result, atEnd: { 'web-1': 'r1,r2', 'web-2': 'nothing' } }
    expect(judge(CASE, SCENE, seen)).toMatchObject({ short: [], ran: 'before and asked for, nothing' })
  })

  it('may lose no more requests than it says', () => {
    const seen = { ...SEEN, requests: { ...NOBODY_FAILED, failed: 3 } }
    expect(judge(CASE, SCENE, seen).short).toEqual(['3 requests failed, 0 may'])
    expect(judge({ ...CASE, allowed: { requests: 3, why: 'the power was gone' } }, SCENE, seen).short).toEqual([])
  })

  it.each([
    [0, { 'web-1': 'r2', 'web-2': 'r1' }],
    [1, { 'web-1': 'r2', 'web-2': 'r1' }],
    [3, EVERYWHERE],
  ])('falls short where the exit code %d claims what is not so', (code, atEnd) => {
    const { short } = judge(CASE, SCENE, { ...SEEN, result: { ...GOOD, code }, atEnd })
    expect(short).toEqual([expect.stringContaining(`the exit code ${code} says`)])
  })

  it('does not blame a deploy that went back for a host that was switched off', () => {
    const off = { 'web-1': 'off', 'web-2': 'r1' }
    expect(judge(CASE, SCENE, { ...SEEN, result: { ...GOOD, code: 3 }, atEnd: off }).short).toEqual([])
    expect(judge(CASE, SCENE, { ...SEEN, atEnd: { ...off, 'web-2': 'r2' } }).short).toHaveLength(1)
  })

  it('falls short where one more run fails, and says why', () => {
    const next = { ...SEEN.next, result: { ...GOOD, code: 5, stdout: errorLine('somebody deploys') } }
    const row = judge(CASE, SCENE, { ...SEEN, next })
    expect(row).toMatchObject({
      again: 'exit code 5',
      short: ['one more run ended with exit code 5: somebody deploys'],
    })
  })

  it('falls short where one more run leaves a host behind, or something for a person to look at', () => {
    const next = {
      ...SEEN.next,
      running: { 'web-1': 'r2', 'web-2': 'r1' },
      status: { ...GOOD, code: 4, stdout: errorLine('nobody answers') },
    }
    expect(judge(CASE, SCENE, { ...SEEN, next }).short).toEqual([
      'after one more run what runs is r2 on web-1, r1 on web-2, and not r2',
      'after one more run, by `status`: nobody answers',
    ])
  })

  it('falls short where its deploy did not end', () => {
    const result = { ...GOOD, code: null, signal: 'SIGKILL', late: true } as const
    expect(judge(CASE, SCENE, { ...SEEN, result }).short).toEqual(['the deploy did not end, and had to be killed'])
  })
})

it('the document hides nothing', () => {
  const lossy = { ...SEEN, requests: { ...NOBODY_FAILED, failed: 2 } }
  const rows = [
    judge(CASE, SCENE, SEEN),
    judge({ ...CASE, step: 'reloading' }, SCENE, lossy),
    broken({ ...CASE, step: 'verifying' }, 'no moment | came'),
  ]
  const versions = ['0.1.0 (1a2b3c4)', '0.1.0 (5d6e7f8 with changes)', '0.1.0 (1a2b3c4)']
  const text = documentOf({ rows, versions, from: new Date(0), to: new Date(0) })
  expect(text).toContain('- **1970-01-01**. zdr-deploy 0.1.0 (1a2b3c4), 0.1.0 (5d6e7f8 with changes), on Node ')
  expect(text).toContain('**3 cases, 1 as promised, 2 fall short.** 200 requests, of which 2 failed.')
  expect(text).toMatch(/\| draining +\| 100 +\| 0 +\| 0 +\| asked for +\| converged/)
  expect(text).toMatch(/\| reloading +\| 100 +\| 2 +\| 0 +\| asked for +\| \*\*SHORT\*\* converged/)
  expect(text).toContain('**SHORT** reloading: 2 requests failed, 0 may')
  expect(text).toContain(String.raw`**SHORT** verifying: could not be played to its end: no moment \| came`)
})
