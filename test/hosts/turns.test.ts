import { expect, it } from 'vitest'
import { turns } from '../../src/hosts/turns.ts'

it('never lets more than so many be under way, keeps their order, and goes on after a failure', async () => {
  const take = turns(2)
  const begun: number[] = []
  const finish: (() => void)[] = []
  const all = [0, 1, 2, 3].map((index) =>
    take(async () => {
      begun.push(index)
      await new Promise<void>((resolve) => finish.push(resolve))
      if (index === 0) throw new Error('failed')
      return index
    }),
  )
  const settled = Promise.allSettled(all)
  expect(begun).toEqual([0, 1])
  finish[0]?.()
  await expect.poll(() => begun).toEqual([0, 1, 2])
  finish[1]?.()
  finish[2]?.()
  await expect.poll(() => begun).toEqual([0, 1, 2, 3])
  finish[3]?.()
  expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled'])
  expect(await take(async () => 'free again')).toBe('free again')
})
