import { expect, test } from 'vitest'
import { interruptible } from '../../src/engine/interruption.ts'

/** As Ctrl-C is heard: 1 for the first, 2 for the second. */
function signals() {
  let heard: (count: number) => void = () => undefined
  const listen = (handler: (count: number) => void): void => {
    heard = handler
  }
  return { listen, interrupt: (count: number) => heard(count) }
}

const never = new Promise<never>(() => undefined)

test('before the rollout it ends the work at once, whatever that waits for', async () => {
  const given = signals()
  const working = interruptible(given.listen).orStop(never)
  given.interrupt(1)
  await expect(working).rejects.toMatchObject({ code: 'interrupted' })
})

test('work that is not interrupted gives what it gives', async () => {
  const interruption = interruptible(signals().listen)
  expect(await interruption.orStop(Promise.resolve('done'))).toBe('done')
  await expect(interruption.orStop(Promise.reject(new Error('no')))).rejects.toThrow('no')
})

test('one that comes between two pieces of work ends the next', async () => {
  const given = signals()
  const interruption = interruptible(given.listen)
  await interruption.orStop(Promise.resolve())
  given.interrupt(1)
  await expect(interruption.orStop(never)).rejects.toMatchObject({ code: 'interrupted' })
})

test('in the rollout it is for the rollout to decide', () => {
  const given = signals()
  const heard: string[] = []
  interruptible(given.listen).onInterrupt((reason) => heard.push(reason))
  given.interrupt(1)
  expect(heard).toEqual(['interrupted'])
})

test('one that comes just before the rollout begins is not forgotten', () => {
  const given = signals()
  const interruption = interruptible(given.listen)
  given.interrupt(1)
  const heard: string[] = []
  interruption.onInterrupt((reason) => heard.push(reason))
  expect(heard).toEqual(['interrupted'])
})

test('the second one has told what is left when it returns, and is not told twice', () => {
  const given = signals()
  const interruption = interruptible(given.listen)
  const heard: string[] = []
  interruption.onInterrupt(() => heard.push('interrupted'))
  interruption.onLeaving(() => heard.push('leaving'))
  given.interrupt(1)
  given.interrupt(2)
  expect(heard).toEqual(['interrupted', 'leaving'])
})
