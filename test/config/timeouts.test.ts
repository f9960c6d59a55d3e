import { describe, expect, test } from 'vitest'
import { loadEnvironment } from '../../src/config/load.ts'
import { defaultLimits, type Limits } from '../../src/hosts/limits.ts'
import { deployYml, refusal } from './temporary.ts'

async function load(timeouts?: string): Promise<Limits> {
  const cwd = await deployYml(timeouts === undefined ? {} : { timeouts })
  return (await loadEnvironment({ cwd, environment: 'production' })).timeouts
}

async function problemsOf(timeouts: string): Promise<readonly string[]> {
  return (await refusal(load(timeouts))).message.split('\n')
}

const keys = Object.keys(defaultLimits) as readonly (keyof Limits)[]

describe('timeouts', () => {
  test('that are not written have their defaults', async () => {
    const milliseconds = Object.entries(await load()).map(([key, { timeoutMs }]) => [key, timeoutMs])
    expect(Object.fromEntries(milliseconds)).toEqual({
      connect: 15_000,
      fetch: 600_000,
      prepare: 1_200_000,
      migrate: 1_200_000,
      reload: 300_000,
      confirm: 20_000,
      prune: 300_000,
      step: 30_000,
    })
    expect(await load('{}')).toEqual(await load())
  })

  test.each(keys)('%s is set by itself, and known by its key', async (key) => {
    expect(await load(`{ ${key}: 90s }`)).toEqual({
      ...defaultLimits,
      [key]: { timeoutMs: 90_000, setBy: `timeouts.${key}` },
    })
  })

  test('are all taken together', async () => {
    const limits = await load(`{ ${keys.map((key, index) => `${key}: ${index + 1}s`).join(', ')} }`)
    expect(keys.map((key) => limits[key].timeoutMs)).toEqual(keys.map((_, index) => (index + 1) * 1_000))
  })

  test.each([
    ['0s', 'is too short for any step: write at least `1s`'],
    ['20ms', 'is too short for any step: write at least `1s`'],
    ['999ms', 'is too short'],
    ['-5s', 'must be a duration'],
    ['never', 'must be a duration'],
    ['1200', 'needs a unit'],
    ['25h', 'is longer than a day'],
    ['null', 'must be a duration'],
  ])('of %s are refused', async (written, why) => {
    expect(await problemsOf(`{ prepare: ${written} }`)).toEqual([
      expect.stringMatching(/^deploy\.yml:\d+:\d+ deploy\.production\.timeouts\.prepare /),
    ])
    expect(await problemsOf(`{ prepare: ${written} }`)).toEqual([expect.stringContaining(why)])
  })

  test('of a second are taken', async () => {
    expect((await load('{ step: 1s }')).step.timeoutMs).toBe(1_000)
  })

  test('that are wrong are all told at once, an unknown one with the nearest that is known', async () => {
    expect(await problemsOf('{ prepair: 20m, fetch: 5, reload: 0s }')).toEqual([
      expect.stringMatching(/timeouts\.prepair is not known: did you mean `prepare`\?$/),
      expect.stringContaining('timeouts.fetch needs a unit'),
      expect.stringContaining('timeouts.reload is too short'),
    ])
  })

  test('of no known kind are refused', async () => {
    expect(await problemsOf('30s')).toEqual([expect.stringContaining('timeouts must be an object, not a text')])
  })

  test('by another name are found by it', async () => {
    const cwd = await deployYml({ timeout: '{ step: 1m }' })
    const { message } = await refusal(loadEnvironment({ cwd, environment: 'production' }))
    expect(message).toMatch(/did you mean `timeouts`\?$/)
  })
})
