import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Answer, Pause } from '../../src/hosts/depot.ts'
import { type Layout, layout } from '../../src/hosts/layout.ts'
import { hostLock } from '../../src/hosts/lock-place.ts'
import { readLockScript } from '../../src/hosts/lock-scripts.ts'
import {
  answerScript,
  parseAnswer,
  parsePause,
  pauseScript,
  readAnswerScript,
  readPauseScript,
} from '../../src/hosts/pause.ts'

const since = '2026-11-21T03:15:00.000Z'
const pause: Pause = { token: 'one', after: ["web-1's", '$(id)'], since, until: '2026-11-21T04:15:00.000Z' }
const answer: Answer = { token: 'one', answer: 'resume', by: `o'hara@"laptop"` }
const readLock = (of: Layout): string => readLockScript(hostLock(of))
let at: Layout

beforeEach(() => {
  at = layout(mkdtempSync(join(tmpdir(), 'zdr-pause-')))
  mkdirSync(at.zdr)
})
afterEach(() => rmSync(at.base, { recursive: true }))

const sh = (script: string): string => execFileSync('sh', ['-c', script], { encoding: 'utf8', stdio: 'pipe' })

describe('what a deploy that waits leaves on a host', () => {
  test('is read as it was written, whatever is in it, by its owner only', () => {
    sh(pauseScript(at, pause))
    sh(answerScript(at, answer))
    expect(parsePause(sh(readPauseScript(at)))).toEqual(pause)
    expect(parseAnswer(sh(readAnswerScript(at)))).toEqual(answer)
    expect(statSync(at.pause).mode & 0o777).toBe(0o600)
  })

  test('is nothing where nobody waits, and nothing any more when that is over, however often that is said', () => {
    expect(parsePause(sh(readPauseScript(at)))).toBe(null)
    expect(parseAnswer(sh(readAnswerScript(at)))).toBe(null)
    sh(pauseScript(at, pause))
    sh(answerScript(at, answer))
    sh(pauseScript(at, null))
    sh(pauseScript(at, null))
    expect(readdirSync(at.zdr)).toEqual([])
  })

  test('is a question without an answer, whatever was answered to the one before', () => {
    sh(answerScript(at, answer))
    sh(pauseScript(at, pause))
    expect(readdirSync(at.zdr)).toEqual(['pause.json'])
  })

  test('is replaced as a whole by who says it last', () => {
    sh(answerScript(at, answer))
    sh(answerScript(at, { ...answer, answer: 'abort' }))
    expect(parseAnswer(sh(readAnswerScript(at)))?.answer).toBe('abort')
    expect(readdirSync(at.zdr)).toEqual(['answer.json'])
  })
})

test.each(['', 'torn', '{"token":"one"', '[]', 'null', '7', '{"token":"one","answer":"perhaps","by":"bob"}', '{}'])(
  '%j is neither a question nor an answer',
  (text) => {
    expect(parsePause(text)).toBe(null)
    expect(parseAnswer(text)).toBe(null)
  },
)

/** Owned by `nobody`, who may do everything there; another one may not even look. */
describe.runIf(process.getuid?.() === 0)('to another user than the one who deploys', () => {
  const nobody = 65_534
  const another = 65_533
  const scripts = [
    ['the question', readPauseScript],
    ['the answer', readAnswerScript],
    ['the lock', readLock],
  ] as const
  const as = (uid: number, script: string) => spawnSync('sh', ['-c', script], { uid, cwd: '/', encoding: 'utf8' })

  test.each(scripts)('%s is not "not there": it could not be read', (_, script) => {
    chmodSync(at.base, 0o755)
    chownSync(at.zdr, nobody, nobody)
    chmodSync(at.zdr, 0o700)
    expect(as(nobody, script(at))).toMatchObject({ status: 0, stdout: '' })
    expect(as(another, script(at))).toMatchObject({ status: 1, stdout: '' })
    expect(as(another, script(at)).stderr).toContain(`may not enter ${at.zdr}`)
    chmodSync(at.base, 0o700)
    expect(as(another, script(at)).stderr).toContain(`may not enter ${at.base}`)
  })

  test('a question that may not be read is none of nobody', () => {
    sh(pauseScript(at, pause))
    chmodSync(at.base, 0o755)
    chmodSync(at.zdr, 0o755)
    const { status, stderr } = as(another, readPauseScript(at))
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('denied') })
  })
})

test.each([readPauseScript, readAnswerScript, readLock])(
  'nothing is there before `setup`, and that is no failure',
  (script) => {
    rmSync(at.zdr, { recursive: true })
    expect(sh(script(at))).toBe('')
    expect(sh(script(layout(`${at.base}/not/there`)))).toBe('')
  },
)
