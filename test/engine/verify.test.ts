import { describe, expect, test } from 'vitest'
import { standsOn, verify } from '../../src/engine/verify.ts'
import type { Answer } from '../../src/health/health.ts'
import type { Process } from '../../src/processes/processes.ts'
import { fakeClock } from './fake-clock.ts'
import { fleet, machine, process, times } from './fakes.ts'

const releases = '/var/www/shop/releases'
const directory = `${releases}/new`
const well: Answer = { healthy: true, detail: '200' }
const ill: Answer = { healthy: false, detail: '500 in 3 ms' }
const fresh = process({ pid: 200, cwd: directory })

interface Case {
  /** What the manager says, and how the app answers, so many ms after the reload. */
  readonly running?: (ms: number) => readonly Process[]
  readonly answer?: (ms: number) => Answer
  /** The pids before the reload. */
  readonly before?: readonly number[] | null
}

interface Verified {
  readonly error: string | null
  readonly tookMs: number
  readonly answers: number
}

async function verifying({ running = () => [fresh], answer = () => well, before = [100] }: Case): Promise<Verified> {
  const clock = fakeClock()
  const startedMs = clock.now()
  let answers = 0
  const elapsed = () => clock.now() - startedMs
  const host = machine('a')
  const health = {
    check: async () => {
      answers += 1
      return answer(elapsed())
    },
  }
  const done = verify(fleet({ clock, health, machines: [host] }), {
    machine: host,
    activation: { directory, current: '/var/www/shop/current', commands: [], env: {}, environment: 'production' },
    processes: {
      kind: 'pm2',
      tools: [],
      running: async () => running(elapsed()),
      isPinned: () => false,
      reload: () => Promise.reject(new Error('verifying changes nothing')),
      stop: () => Promise.reject(new Error('verifying changes nothing')),
      log: async () => '',
    },
    before: before === null ? null : new Set(before),
    onWaiting: () => undefined,
  })
  const error = await done.then(
    () => null,
    (reason: unknown) => {
      expect(reason).toMatchObject({ code: 'verify' })
      return reason instanceof Error ? reason.message : null
    },
  )
  return { error, tookMs: elapsed(), answers }
}

describe('a release is verified', () => {
  test('when new processes stand on it, answer so often in a row, and stay up', async () => {
    const { error, tookMs, answers } = await verifying({})
    expect(error).toBe(null)
    expect(tookMs).toBe(times.stableMs)
    expect(answers).toBe(times.passes + 1)
  })

  test('when it boots slowly: its stable time begins with its first healthy answer', async () => {
    const { error, tookMs } = await verifying({ answer: (ms) => (ms < 8_000 ? ill : well) })
    expect(error).toBe(null)
    expect(tookMs).toBe(8_000 + times.stableMs)
  })

  test('when the manager needs a moment to replace the old processes', async () => {
    const old = process({ pid: 100, cwd: `${releases}/old` })
    const { error } = await verifying({ running: (ms) => (ms < 2_000 ? [old, fresh] : [fresh]) })
    expect(error).toBe(null)
  })

  test('with one answer where nothing was reloaded: nothing has to be new', async () => {
    const { error, tookMs, answers } = await verifying({ before: null, running: () => [{ ...fresh, restarts: 3 }] })
    expect(error).toBe(null)
    expect(tookMs).toBe(0)
    expect(answers).toBe(1)
  })

  test('only by healthy answers in a row: an unhealthy one between them begins anew', async () => {
    const { error, tookMs } = await verifying({ answer: (ms) => (ms === 500 ? ill : well) })
    expect(error).toBe(null)
    expect(tookMs).toBe(1_000 + times.stableMs)
  })
})

describe('a release is not verified', () => {
  const lies: readonly (readonly [string, Case, string])[] = [
    ['when the old process stays', { before: [200] }, 'shop (pid 200) is still the old process: it was not reloaded'],
    [
      'when one of several old processes stays',
      { before: [100], running: () => [fresh, process({ pid: 100, cwd: directory })] },
      'shop (pid 100) is still the old process: it was not reloaded',
    ],
    [
      'when its processes stand on another release',
      { running: () => [process({ cwd: `${releases}/old` })] },
      `shop (pid 200) runs from ${releases}/old, not from ${directory}`,
    ],
    [
      'when its name is only the beginning of the folder that they stand on',
      { running: () => [process({ cwd: `${directory}er` })] },
      `shop (pid 200) runs from ${directory}er, not from ${directory}`,
    ],
    ['when nothing runs', { running: () => [] }, 'no process of the app runs'],
    ['when it is still starting', { running: () => [{ ...fresh, status: 'starting' }] }, 'shop is starting'],
    ['when it never answers healthily', { answer: () => ill }, 'the health check failed: 500 in 3 ms'],
    [
      'when it answers healthily only now and then',
      { answer: (ms) => (ms % 1_000 === 0 ? well : ill) },
      'the health check failed: 500 in 3 ms',
    ],
  ]
  test.each(lies)('%s, after its start time', async (_, lie, said) => {
    const { error, tookMs } = await verifying(lie)
    expect(error).toBe(said)
    expect(tookMs).toBeGreaterThanOrEqual(times.startMs)
    expect(tookMs).toBeLessThan(times.startMs + times.intervalMs * 2)
  })

  test('when its manager gave it up: nobody waits for that to mend itself', async () => {
    const { error, tookMs } = await verifying({ running: () => [{ ...fresh, pid: 0, status: 'errored' }] })
    expect(error).toContain('gave it up')
    expect(tookMs).toBe(0)
  })

  test('when it crashed and was started again, though it runs now', async () => {
    const { error, tookMs } = await verifying({ running: () => [{ ...fresh, restarts: 2 }] })
    expect(error).toContain('it had to be restarted 2 times')
    expect(tookMs).toBe(0)
  })

  test('when it crashes before it ever answered: nobody waits for its start time', async () => {
    const running = (ms: number) => [{ ...fresh, restarts: ms < 1_500 ? 0 : 1 }]
    const { error, tookMs } = await verifying({ running, answer: () => ill })
    expect(error).toContain('crashed after its start')
    expect(tookMs).toBe(1_500)
  })

  test('when it crashes within the stable time', async () => {
    const running = (ms: number) => [{ ...fresh, restarts: ms < 2_000 ? 0 : 1 }]
    expect((await verifying({ running })).error).toContain('crashed after its start')
  })

  test('when other processes run at the end of the stable time, though nobody counted a restart', async () => {
    const running = (ms: number) => [ms < 2_000 ? fresh : { ...fresh, pid: 201 }]
    expect((await verifying({ running })).error).toBe('shop (pid 200) was healthy, and did not stay up for 3 s')
  })

  test('when it is gone at the end of the stable time', async () => {
    expect((await verifying({ running: (ms) => (ms < 2_000 ? [fresh] : []) })).error).toBe(
      'was healthy, and 3 s later: no process of the app runs',
    )
  })

  test('when it stops being healthy within the stable time', async () => {
    const { error } = await verifying({ answer: (ms) => (ms < 2_000 ? well : ill) })
    expect(error).toBe('was healthy, and 3 s later is not: 500 in 3 ms')
  })
})

test('a process whose folder is outside of all releases is judged by its script', () => {
  const script = `${directory}/server.js`
  expect(standsOn(process({ cwd: '/', script }), directory)).toBe(true)
  expect(standsOn(process({ cwd: null, script }), directory)).toBe(true)
  expect(standsOn(process({ cwd: '/', script: `${releases}/old/server.js` }), directory)).toBe(false)
  expect(standsOn(process({ cwd: `${releases}/old`, script }), directory)).toBe(false)
  const source = '/var/www/shop/source'
  expect(standsOn(process({ cwd: source, script }), directory)).toBe(false)
  expect(standsOn(process({ cwd: `${source}/api`, script: null }), source)).toBe(true)
  expect(standsOn(process({ cwd: directory, script: `${source}/server.js` }), source)).toBe(false)
})
