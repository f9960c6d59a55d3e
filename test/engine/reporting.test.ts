import { expect, test } from 'vitest'
import { reportRollout } from '../../src/engine/reporting.ts'
import { apply, begin } from '../../src/rollout/apply.ts'
import type { Action, Event, Plan } from '../../src/rollout/model.ts'
import type { Report } from '../../src/rollout/report.ts'
import { fakeClock } from './fake-clock.ts'

const hosts = ['a', 'b', 'c']
const plan: Plan = {
  goal: 'new',
  batches: hosts.map((host) => ({ hosts: [host], pause: false })),
  hosts: hosts.map((host) => ({ host, from: 'old', canReturn: true, runs: 'old' })),
  minServing: 1,
  onFailure: 'rollback',
  rotation: true,
  balanced: true,
  canPublish: () => true,
  soak: false,
  skipped: [],
}

function rolling() {
  const clock = fakeClock()
  const reports: Report[] = []
  const reporting = reportRollout((report) => reports.push(report), clock, hosts.length)
  let rollout = begin(plan, { out: ['c'], mixed: [], byHand: ['c'], healthy: hosts, unheard: [] })
  const tell = (event: Event, log: string | null = null): void => {
    rollout = apply(rollout, event)
    reporting.onEvent(event, rollout, log)
  }
  const takes = (action: Action, ms: number): void => {
    tell({ type: 'started', action })
    clock.advance(ms)
    tell({ type: 'done', action })
  }
  return { clock, reports, reporting, tell, takes }
}

const takeOut: Action = { type: 'publish', step: 'take-out', hosts: ['a'], out: ['a', 'c'] }
const putBack: Action = { type: 'publish', step: 'put-back', hosts: ['a'], out: ['c'] }
const drain: Action = { type: 'step', step: 'drain', host: 'a', release: 'new' }
const activate: Action = { type: 'step', step: 'activate', host: 'a', release: 'new' }
const reload: Action = { type: 'step', step: 'reload', host: 'a', release: 'new' }

test('a step is told when it begins and when it ends, with its time', () => {
  const { reports, takes } = rolling()
  takes(takeOut, 40)
  takes(drain, 2_000)
  const step = { type: 'step', hosts: ['a'], release: 'new', back: false }
  expect(reports.filter(({ type }) => type === 'step')).toEqual([
    { ...step, step: 'take-out', state: 'started' },
    { ...step, step: 'take-out', state: 'done', tookMs: 40 },
    { ...step, step: 'drain', state: 'started' },
    { ...step, step: 'drain', state: 'done', tookMs: 2_000 },
  ])
})

test('a step that failed says why, with its log; what follows is told as going back', () => {
  const { reports, takes, tell } = rolling()
  takes(takeOut, 1)
  takes(drain, 1)
  takes(activate, 1)
  tell({ type: 'started', action: reload })
  tell({ type: 'failed', action: reload, reason: 'pm2 ended with 1' }, 'last lines')
  expect(reports.at(-1)).toMatchObject({ state: 'failed', reason: 'pm2 ended with 1', log: 'last lines', back: false })
  tell({ type: 'started', action: { ...activate, release: 'old' } })
  expect(reports.at(-1)).toMatchObject({ step: 'activate', release: 'old', back: true })
})

test('the end of a step that nobody waits for any more is not told', () => {
  const { reports, takes, tell } = rolling()
  takes(takeOut, 1)
  tell({ type: 'started', action: drain })
  tell({ type: 'interrupted', reason: 'interrupted' })
  tell({ type: 'done', action: drain })
  expect(reports.filter((report) => report.type === 'step' && report.step === 'drain')).toMatchObject([
    { state: 'started' },
  ])
})

test('how many serve is told when it changes', () => {
  const { reports, takes, tell } = rolling()
  takes(takeOut, 1)
  tell({ type: 'observed', observation: { out: ['a', 'c'], mixed: [], byHand: ['c'], healthy: hosts, unheard: [] } })
  tell({ type: 'observed', observation: { out: ['a', 'c'], mixed: [], byHand: ['c'], healthy: ['a'], unheard: [] } })
  expect(reports.filter(({ type }) => type === 'serving')).toEqual(
    [2, 1, 0].map((serving) => ({ type: 'serving', serving, total: 3 })),
  )
})

test('the time out of rotation is that of our own doing, from the one word of the balancer to the other', () => {
  const { clock, reporting, takes } = rolling()
  takes(takeOut, 500)
  takes(drain, 2_000)
  expect(reporting.outMs()).toEqual({ a: 2_000 })
  takes(putBack, 100)
  clock.advance(60_000)
  expect(reporting.outMs()).toEqual({ a: 2_100 })
  takes(takeOut, 1)
  clock.advance(1_000)
  expect(reporting.outMs()).toEqual({ a: 3_100 })
})

test('a look that fails, and an interruption, are told as they come', () => {
  const { reports, tell } = rolling()
  tell({ type: 'started', action: { type: 'observe' } })
  tell({ type: 'failed', action: { type: 'observe' }, reason: 'the balancer does not answer' })
  expect(reports.at(-1)).toEqual({ type: 'note', level: 'warning', text: 'the balancer does not answer' })
  tell({ type: 'interrupted', reason: 'interrupted' })
  expect(reports.at(-1)).toMatchObject({ type: 'note', text: expect.stringContaining('no new batch') })
})
