import { describe, expect, test } from 'vitest'
import { assertRoom, hostRoom } from '../../src/engine/room.ts'
import type { ReleaseSize } from '../../src/hosts/sizes.ts'
import { entry, fleet, manifest, process, view } from './fakes.ts'

const mebibyte = 2 ** 20
const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((digit, index) => `2026110${index + 1}000000-${digit.repeat(7)}`) as [
  string,
  string,
  string,
  string,
]
const goal = '20261121000000-1111111'
const history = [entry(a), entry(b), entry(c)]

/** c runs, b was before it; each takes 200 MiB. */
function room({ keep = 5, sizeOf = 200, ...seen }: Parameters<typeof view>[0] & { keep?: number; sizeOf?: number }) {
  const host = view({ releases: [a, b, c], runs: c, history, freeBytes: 1_000 * mebibyte, ...seen })
  const { releases } = host.inspection
  const sizes = releases.map((release): ReleaseSize => ({ release, bytes: sizeOf * mebibyte, inodes: 1_000 }))
  return hostRoom(host, sizes, { goal, keep })
}

describe('room for a new release', () => {
  test('is what the largest one takes, and some to spare', () => {
    expect(room({ freeBytes: 300 * mebibyte })).toMatchObject({ needBytes: 200 * mebibyte, lacks: null })
    expect(room({ freeBytes: 300 * mebibyte - 1 }).lacks).toBe('bytes')
    expect(room({ freeInodes: 2_000 }).lacks).toBe(null)
    expect(room({ freeInodes: 1_999 }).lacks).toBe('inodes')
  })

  test('is some to spare where none was measured, and not judged where nobody knows what is free', () => {
    expect(room({ releases: [], runs: null, freeBytes: 100 * mebibyte }).lacks).toBe(null)
    expect(room({ releases: [], runs: null, freeBytes: 99 * mebibyte }).lacks).toBe('bytes')
    expect(room({ freeBytes: null, freeInodes: null }).lacks).toBe(null)
  })

  test('what failed goes first, and what is old stays to the end where there is room', () => {
    const manifests = [a, b, c, d].map((id) => manifest(id, { state: id === d ? 'failed' : 'verified' }))
    const half = '20261105000000-eeeeeee'
    const seen = { releases: [a, b, c, d, half], manifests }
    expect(room({ ...seen, keep: 3 })).toMatchObject({ goesFirst: [d, half], goesAfter: [a] })
    expect(room({ ...seen, keep: 5 })).toMatchObject({ goesFirst: [d, half], goesAfter: [] })
  })

  test('what is old goes before it where room is short, no more of it than need be, and never what is gone back to', () => {
    const seen = { releases: [a, b, c, d], history: [entry(a), entry(b), entry(d)], runs: d, keep: 2 }
    expect(room({ ...seen, freeBytes: 150 * mebibyte })).toMatchObject({
      goesFirst: [a],
      goesAfter: [b, c],
      lacks: null,
    })
    expect(room({ ...seen, freeBytes: 0 })).toMatchObject({ goesFirst: [a, c], goesAfter: [b], lacks: null })
    expect(room({ ...seen, freeBytes: 0, sizeOf: 90 })).toMatchObject({ goesFirst: [a, c], lacks: 'bytes' })
  })

  test('nothing is removed that a process stands on, or may stand on', () => {
    const manifests = [a, b, c, d].map((id) => manifest(id, { state: id === d ? 'failed' : 'verified' }))
    const host = view({ manifests, runs: null, current: { kind: 'release', id: c }, history })
    const standing = (on: string) =>
      hostRoom({ ...host, processes: [process({ cwd: `/var/www/shop/releases/${on}` })] }, [], { goal, keep: 5 })
    expect(standing(d).goesFirst).toEqual([])
    expect(standing(c).goesFirst).toEqual([d])
    expect(hostRoom(host, [], { goal, keep: 5 }).goesFirst).toEqual([])
  })

  test('too little of it is refused, with the numbers and what to do, host by host', () => {
    const { report, reports } = fleet()
    const rooms = [
      room({ host: 'a' }),
      room({ host: 'b', freeBytes: 250 * mebibyte }),
      room({ host: 'c', freeInodes: 7 }),
    ]
    expect(() => assertRoom({ report }, rooms)).toThrow('2 things stand in the way of a deploy. Nothing was changed.')
    expect(reports).toMatchObject([
      {
        weight: 'error',
        host: 'b',
        text: 'a new release takes about 200 MiB, 100 MiB are to stay free, and there are 250 MiB',
        hint: expect.stringContaining('3 there take 600 MiB: lower `keep-releases`'),
      },
      { host: 'c', text: 'a new release takes about 1000 inodes, 1000 are to stay free, and there are 7' },
    ])
    assertRoom({ report }, rooms.slice(0, 1))
  })
})
