import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findOutSet, outSets } from '../../src/balancers/pools.ts'

const member = (number: number) => ({ name: `web-${number}`, server: `10.0.0.${number}:4000` })
const fleet = (size: number, batch: number) => {
  const members = Array.from({ length: size }, (_, index) => member(index + 1))
  const batches = Array.from({ length: Math.ceil(size / batch) }, (_, index) =>
    members.slice(index * batch, (index + 1) * batch).map(({ name }) => name),
  )
  return { members, batches }
}

describe('the pools of a fleet', () => {
  it('know nobody, each host, each batch, and each of those with one more host; never everybody, and none twice', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 4 }), (size, batch) => {
        const { members, batches } = fleet(size, batch)
        const sets = outSets({ members, batches })
        const names = members.map(({ name }) => name)
        for (const wanted of [[], ...names.map((name) => [name]), ...batches]) {
          for (const more of [wanted, ...names.map((name) => [...wanted, name])]) {
            const isEverybody = new Set(more).size === size
            expect(findOutSet(sets, more) === undefined).toBe(isEverybody)
          }
        }
        expect(new Set(sets.map(({ file }) => file)).size).toBe(sets.length)
        expect(new Set(sets.map(({ hosts }) => hosts.join())).size).toBe(sets.length)
      }),
    )
  })

  it('go by names that stem from addresses, and stay when the fleet changes', () => {
    const { members, batches } = fleet(3, 1)
    const files = outSets({ members, batches }).map(({ file }) => file)
    expect(files).toEqual([
      'in',
      'out_10_0_0_1_4000',
      'out_10_0_0_2_4000',
      'out_10_0_0_3_4000',
      'out_10_0_0_1_4000__10_0_0_2_4000',
      'out_10_0_0_1_4000__10_0_0_3_4000',
      'out_10_0_0_2_4000__10_0_0_3_4000',
    ])
    const without = outSets({ members: members.slice(1).toReversed(), batches: [] })
    expect(findOutSet(without, ['web-2'])?.file).toBe('out_10_0_0_2_4000')
  })

  it('have names that a file system takes, whatever the size of a batch, and that do not depend on an order', () => {
    const { members, batches } = fleet(12, 10)
    const sets = outSets({ members, batches })
    const [batch = []] = batches
    const { file } = findOutSet(sets, batch) ?? {}
    expect(file).toMatch(/^out_[0-9a-f]{16}$/)
    expect(findOutSet(outSets({ members: members.toReversed(), batches }), batch)?.file).toBe(file)
    expect(sets.every((set) => /^(in|out_\w+)$/.test(set.file) && set.file.length <= 100)).toBe(true)
  })

  it('keep apart hosts whose readable names are the same', () => {
    const members = [
      { name: 'a', server: 'web-1:80' },
      { name: 'b', server: 'web.1:80' },
      { name: 'c', server: 'c:80' },
    ]
    const files = outSets({ members, batches: [] }).map(({ file }) => file)
    expect(new Set(files).size).toBe(files.length)
  })

  it('refuse two hosts that are one server', () => {
    const members = [member(1), { name: 'again', server: '10.0.0.1:4000' }]
    expect(() => outSets({ members, batches: [] })).toThrow('same server')
  })
})
