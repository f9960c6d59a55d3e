/** What is found of a deploy that was cut off, in an operator's words, and what `resume` and `abort` make of it. */
import { describe, expect, test } from 'vitest'
import { cutOffText, findCutOff, foundNotes, leftText, wishOf } from '../../src/engine/cut-off.ts'
import type { HostView } from '../../src/engine/inspect.ts'
import { UserError } from '../../src/errors.ts'
import type { Depot } from '../../src/hosts/depot.ts'
import type { CutOff } from '../../src/hosts/journal.ts'
import { entry, machine, manifest, process, shaOf, view } from './fakes.ts'
import { v1, v2 } from './ground.ts'

const at = '2026-11-21T03:15:00.000Z'
const cut: CutOff = {
  at,
  by: 'ada@laptop',
  token: 'of ada',
  event: 'begun',
  kind: 'deploy',
  release: v2,
  sha: shaOf('2'),
  ref: 'main',
  from: v1,
  end: null,
}
const everybodyIn = { out: [], mixed: [], byHand: [] }

test('what was cut off is told by whom, since when, and how', () => {
  const text = `the deploy of 2222222 by ada@laptop, begun at ${at}, was`
  expect(cutOffText(cut)).toBe(`${text} cut off`)
  expect(cutOffText({ ...cut, end: 'interrupted' })).toBe(`${text} interrupted`)
  expect(cutOffText({ ...cut, kind: 'rollback', release: v1, end: 'incomplete' })).toBe(
    `the rollback to ${v1} by ada@laptop, begun at ${at}, ended incomplete`,
  )
})

describe('of a host is told', () => {
  const on = (state: 'activated' | 'failed' | 'verified', folder = v2): HostView => ({
    ...view({ manifests: [manifest(v1), manifest(v2, { state })], current: { kind: 'release', id: v2 } }),
    processes: [process({ cwd: `/var/www/shop/releases/${folder}` })],
  })

  test('nothing, where nothing is half done', () => {
    expect(leftText(on('verified'), cut)).toBe(null)
    expect(leftText(view(), cut)).toBe(null)
    expect(leftText(view({ runs: v1, releases: [v1, v2] }), cut)).toBe(null)
    expect(foundNotes({ views: [on('verified')], view: everybodyIn, cutOff: null })).toEqual([])
  })

  test('a link that was switched, by what its processes run', () => {
    expect(leftText(on('activated', v1), null)).toBe(`current leads to ${v2}, and its processes were not reloaded`)
    expect(leftText(on('activated'), null)).toBe(`current leads to ${v2}, which was not verified here`)
    expect(leftText({ ...on('activated'), processes: [] }, null)).toBe(
      `current leads to ${v2}, which was not verified here`,
    )
    expect(leftText(on('failed'), null)).toBe(`current leads to ${v2}, which failed here`)
  })

  test('a release that was laid out and never built to its end, where it is that of the deploy', () => {
    const half = view({ runs: v1, releases: [v1, v2], manifests: [manifest(v1)] })
    expect(leftText(half, cut)).toBe(`${v2} is prepared half-way`)
    expect(leftText(half, null)).toBe(null)
    expect(leftText(half, { ...cut, release: 'another' })).toBe(null)
  })

  test('why it is out of rotation, in the same line', () => {
    const views = [
      { ...on('activated', v1), machine: machine('a') },
      view({ host: 'b', runs: v1 }),
      view({ host: 'c', runs: v1 }),
      view({ host: 'd', runs: v1 }),
    ]
    const rotation = { out: ['a', 'b'], mixed: ['c'], byHand: ['b'] }
    const notes = foundNotes({ views, view: rotation, cutOff: cut })
    expect(notes.map(({ host = 'the fleet', level, text }) => `${host} ${level}: ${text}`)).toEqual([
      `the fleet warning: ${cutOffText(cut)}`,
      `a info: left out of rotation by a deploy; current leads to ${v2}, and its processes were not reloaded`,
      'b info: an operator took it out of rotation: it gets the release, and stays out',
      'c info: left out of rotation by some machines of the balancer only',
    ])
  })
})

describe('a deploy without an end was cut off', () => {
  const { end: _, ...begun } = cut
  const views = [view({ journal: [begun] })]
  const owned = (lockOwner: Depot['lockOwner']) => machine('a', undefined, { lockOwner })
  const owner = { token: cut.token, by: 'ada@laptop', pid: 7, since: at, command: 'deploy production main' }
  const gone = owned(() => Promise.reject(new UserError('host-unreachable', 'no route')))

  test('where nobody has the lock, or somebody else has it', async () => {
    expect(await findCutOff([owned(async () => null)], views)).toEqual(cut)
    expect(await findCutOff([gone, owned(async () => ({ ...owner, token: 'of bob' }))], views)).toEqual(cut)
  })

  test('not where it lives, or nobody can tell', async () => {
    expect(await findCutOff([owned(async () => null), owned(async () => owner)], views)).toBe(null)
    expect(await findCutOff([gone], views)).toBe(null)
  })

  test('and no host is asked for its lock where there is none', async () => {
    expect(await findCutOff([machine('a')], [view()])).toBe(null)
  })
})

describe('a deploy that was cut off', () => {
  const views = [view({ runs: v1, history: [entry(v1)] })]

  test('is gone on with to its commit, whatever the branch leads to by now', () => {
    expect(wishOf('resume', cut, views)).toEqual({ kind: 'ref', ref: shaOf('2') })
    expect(wishOf('resume', { ...cut, kind: 'rollback' }, views)).toEqual({ kind: 'release', release: v2 })
  })

  test('is taken back to what every host ran before it', () => {
    expect(wishOf('abort', cut, [view({ history: [entry(v2)] })])).toEqual({ kind: 'release', release: v1 })
  })

  test('is taken back to what was deployed last, where they ran different releases', () => {
    expect(wishOf('abort', { ...cut, from: null }, views)).toEqual({ kind: 'release', release: v1 })
  })

  test('is taken back to nothing that nobody knows', () => {
    const unknown = { ...cut, from: null }
    expect(() => wishOf('abort', unknown, [view()])).toThrow('It is not known what ran on every host before the deploy')
    expect(() => wishOf('abort', unknown, [view({ history: [entry(v1), entry(v2)] })])).toThrow(UserError)
  })
})
