import { describe, expect, it } from 'vitest'
import type { Lab } from '../lab/lab.ts'
import type { ChaosCase, Scene } from './case.ts'
import type { Standing } from './claims.ts'
import { documentOf } from './document.ts'
import { judge, type Seen } from './judge.ts'
import { broken } from './row.ts'

const CASE: ChaosCase = { fault: 'A fault', step: 'draining', hosts: 2 }
const SCENE: Scene = { lab: {} as Lab, ran: 'r1', asked: 'r2' }
const GOOD = { code: 0, signal: null, stdout: '', stderr: '', late: false }
const STANDING = [
  { name: 'web-1', address: '10.0.0.1', runs: 'r2', isOut: false },
  { name: 'web-2', address: '10.0.0.2', runs: 'r2', isOut: false },
]
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
  atEnd: STANDING,
  commits: { '1111111aaaa': 'r1', '2222222aaaa': 'r2' },
  next: { asked: 'r2', result: GOOD, running: EVERYWHERE, status: GOOD },
  requests: NOBODY_FAILED,
}

function finished(code: number, ...said: readonly (readonly [string, string | null])[]) {
  const hosts = said.map(([state, release], index) => ({ host: STANDING[index]?.address, state, release }))
  return { ...GOOD, code, stdout: `${JSON.stringify({ type: 'finished', outcome: { hosts } })}\n` }
}

/** What runs on web-1 and web-2, both in. */
const running = (...versions: readonly string[]) =>
  STANDING.map((host, index) => ({ ...host, runs: versions[index] ?? 'nothing' }))

const errorLine = (message: string) => `${JSON.stringify({ type: 'error', message })}\n`

describe('a case', () => {
  it('in which all is as promised does not fall short', () => {
    expect(judge(CASE, SCENE, SEEN)).toMatchObject({ short: [], ran: 'asked for', exit: '0', again: 'converged' })
  })

  it('in which the deployer was killed is judged by what came after it', () => {
    const result = { ...GOOD, code: null, signal: 'SIGKILL' } as const
    const seen = { ...SEEN, result, atEnd: running('r1,r2', 'nothing') }
    expect(judge(CASE, SCENE, seen)).toMatchObject({ short: [], ran: 'before and asked for, nothing' })
  })

  it('may lose no more requests than it says', () => {
    const seen = { ...SEEN, requests: { ...NOBODY_FAILED, failed: 3 } }
    expect(judge(CASE, SCENE, seen).short).toEqual(['3 requests failed, 0 may'])
    expect(judge({ ...CASE, allowed: { requests: 3, why: 'the power was gone' } }, SCENE, seen).short).toEqual([])
  })

  it.each([
    [0, running('r2', 'r1')],
    [1, running('r2', 'r1')],
    [3, STANDING],
  ])('falls short where the exit code %d claims what is not so', (code, atEnd) => {
    const { short } = judge(CASE, SCENE, { ...SEEN, result: { ...GOOD, code }, atEnd })
    expect(short).toEqual([expect.stringContaining(`the exit code ${code} says`)])
  })

  it('does not blame a deploy that went back for a host that was switched off', () => {
    const back = { ...SEEN, result: { ...GOOD, code: 3 }, atEnd: running('off', 'r1') }
    expect(judge(CASE, SCENE, back).short).toEqual([])
    expect(judge(CASE, SCENE, { ...SEEN, atEnd: running('off', 'r2') }).short).toHaveLength(1)
  })

  it('falls short where a host is not what the deploy says of it', () => {
    const result = finished(4, ['lost', null], ['serving', '20261121000000-1111111'])
    const shortOf = (one: Partial<Standing>, other: Partial<Standing>) => {
      const atEnd = STANDING.map((host, index) => ({ ...host, ...[one, other][index] }))
      return judge(CASE, SCENE, { ...SEEN, result, atEnd }).short
    }
    expect(shortOf({ isOut: true, runs: 'nothing' }, { runs: 'r1' })).toEqual([])
    expect(shortOf({ isOut: true, runs: 'off' }, { runs: 'off' })).toEqual([])
    expect(shortOf({ runs: 'nothing' }, { runs: 'r1', isOut: true })).toEqual([
      'the deploy says that web-1 is lost, and web-1 is in, and runs nothing',
      'the deploy says that web-2 is serving on r1, and web-2 is left out, and runs r1',
    ])
    expect(shortOf({ isOut: true }, { runs: 'r2' })).toEqual([
      'the deploy says that web-2 is serving on r1, and web-2 is in, and runs r2',
    ])
  })

  it('falls short where it was interrupted before it changed anything, and something is changed', () => {
    const result = { ...GOOD, code: 130 }
    expect(judge(CASE, SCENE, { ...SEEN, result, atEnd: running('r1', 'r1') }).short).toEqual([])
    expect(judge(CASE, SCENE, { ...SEEN, result, atEnd: running('r2', 'r1') }).short).toEqual([
      expect.stringContaining('web-1 is in, and runs r2'),
    ])
    const said = finished(130, ['serving', '20261121000000-2222222'], ['unknown', null])
    expect(judge(CASE, SCENE, { ...SEEN, result: said, atEnd: running('r2', 'r1') }).short).toEqual([])
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
