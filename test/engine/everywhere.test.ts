import { expect, test } from 'vitest'
import { everywhere } from '../../src/engine/everywhere.ts'
import { UserError } from '../../src/errors.ts'

test('one that fails stops no other, and each says what became of it, in order', async () => {
  const settled = await everywhere(['a', 'b', 'c'], async (item) => {
    if (item === 'b') throw new UserError('git', 'no')
    return item.toUpperCase()
  })
  expect(settled).toMatchObject([
    { item: 'a', ok: true, value: 'A' },
    { item: 'b', ok: false, error: { message: 'no' } },
    { item: 'c', ok: true, value: 'C' },
  ])
})

test('a mistake of ours is not taken for a host that failed', async () => {
  const mistake = () => Promise.reject(new TypeError('x is not a function'))
  await expect(everywhere(['a'], mistake)).rejects.toThrow(TypeError)
})

test('a git server is not asked by every host at the same moment', async () => {
  let atOnce = 0
  let most = 0
  await everywhere(Array.from({ length: 40 }), async () => {
    atOnce += 1
    most = Math.max(most, atOnce)
    await new Promise((resolve) => setImmediate(resolve))
    atOnce -= 1
  })
  expect(most).toBeGreaterThan(1)
  expect(most).toBeLessThan(10)
})
