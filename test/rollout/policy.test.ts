import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BatchSize, batchesOf, minServingOf, type Size } from '../../src/rollout/policy.ts'

const hostsMax = 60

const fleet = fc.integer({ min: 1, max: hostsMax }).map(namesOf)
const size: fc.Arbitrary<Size> = fc.oneof(
  fc.record({ hosts: fc.integer({ min: 1, max: hostsMax }) }),
  fc.record({ percent: fc.integer({ min: 1, max: 100 }) }),
)
const sizes = fc.array(fc.record({ size, pause: fc.boolean() }), { minLength: 1, maxLength: 5 })

describe('batches', () => {
  test('have every host once, in the order of the configuration', () => {
    fc.assert(
      fc.property(fleet, sizes, fc.option(fc.nat(hostsMax)), (hosts, written, minServing) => {
        const { batches } = batchesOf(hosts, written, minServing)
        expect(batches.flatMap((batch) => batch.hosts)).toEqual(hosts)
        expect(batches.every((batch) => batch.hosts.length > 0)).toBe(true)
      }),
    )
  })
  test('are never larger than min-serving leaves room for, but for one host, and say where they were cut', () => {
    fc.assert(
      fc.property(fleet, sizes, fc.nat(hostsMax), (hosts, written, minServing) => {
        const { batches, cuts } = batchesOf(hosts, written, minServing)
        const room = Math.max(1, hosts.length - minServing)
        expect(batches.every((batch) => batch.hosts.length <= room)).toBe(true)
        expect(cuts.length > 0).toBe(largestOf(batchesOf(hosts, written, null).batches) > room)
      }),
    )
  })
  test('of a percentage are never a larger share of the fleet, but for one host', () => {
    fc.assert(
      fc.property(fleet, fc.integer({ min: 1, max: 100 }), (hosts, percent) => {
        const largest = largestOf(batchesOf(hosts, [plain({ percent })], null).batches)
        expect(largest === 1 || largest * 100 <= percent * hosts.length).toBe(true)
      }),
    )
  })

  test('one of three is 33%, of ten three', () => {
    expect(sizesOf(3, { percent: 33 })).toEqual([1, 1, 1])
    expect(sizesOf(3, { percent: 34 })).toEqual([1, 1, 1])
    expect(sizesOf(10, { percent: 33 })).toEqual([3, 3, 3, 1])
  })
  test('a canary, a quarter of the whole fleet, then all the others', () => {
    expect(sizesOf(12, { hosts: 1 }, { percent: 25 }, { percent: 100 })).toEqual([1, 3, 8])
  })
  test('the last size repeats, and its pause with it', () => {
    const written: readonly BatchSize[] = [plain({ hosts: 1 }), { size: { hosts: 2 }, pause: true }]
    expect(batchesOf(namesOf(5), written, null).batches).toEqual([
      { hosts: ['h1'], pause: false },
      { hosts: ['h2', 'h3'], pause: true },
      { hosts: ['h4', 'h5'], pause: true },
    ])
  })
  test('a size that is cut is said once, however often it repeats', () => {
    const { batches, cuts } = batchesOf(namesOf(6), [plain({ hosts: 1 }), plain({ percent: 100 })], 4)
    expect(batches.map(({ hosts }) => hosts.length)).toEqual([1, 2, 2, 1])
    expect(cuts).toEqual(['a batch of 100% (6 of 6 hosts) is cut to 2, so that min-serving 4 of 6 hosts go on serving'])
  })
  test('what is left at the end is not called cut', () => {
    expect(batchesOf(namesOf(3), [plain({ hosts: 1 }), plain({ percent: 100 })], 1).cuts).toEqual([])
  })
})

describe('min-serving', () => {
  test('of a percentage rounds up', () => {
    expect(minServingOf(3, { percent: 50 }, 1)).toBe(2)
    expect(minServingOf(100, { percent: 29 }, 1)).toBe(29)
  })
  test('is what is written', () => {
    expect(minServingOf(5, { hosts: 3 }, 1)).toBe(3)
  })
  test('is else the fleet less its largest batch, and at least 1 where there is another host', () => {
    expect(minServingOf(5, null, 2)).toBe(3)
    expect(minServingOf(2, null, 2)).toBe(1)
    expect(minServingOf(1, null, 1)).toBe(0)
  })
})

function namesOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `h${index + 1}`)
}

function plain(each: Size): BatchSize {
  return { size: each, pause: false }
}

function sizesOf(count: number, ...written: readonly Size[]): readonly number[] {
  return batchesOf(namesOf(count), written.map(plain), null).batches.map(({ hosts }) => hosts.length)
}

function largestOf(batches: readonly { readonly hosts: readonly string[] }[]): number {
  return Math.max(...batches.map(({ hosts }) => hosts.length))
}
