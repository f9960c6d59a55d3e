import { describe, expect, test } from 'vitest'
import type { Wishes } from '../../src/commands/arguments.ts'
import { orderOf } from '../../src/commands/order.ts'
import type { EnvironmentConfig } from '../../src/config/types.ts'
import { environment, plainWishes } from './environment.ts'

function order(wishes: Partial<Wishes> = {}, config: Partial<EnvironmentConfig> = {}) {
  return orderOf(environment(config), { ...plainWishes, ...wishes })
}

describe('what is deployed', () => {
  test('is the ref of the configuration, or the one that is asked for', () => {
    expect(order({}, { ref: 'origin/main' }).wish).toEqual({ kind: 'ref', ref: 'origin/main' })
    expect(order({ goal: { kind: 'ref', ref: 'v2' } }).wish).toEqual({ kind: 'ref', ref: 'v2' })
  })

  test('is the release that is asked for, or the one before, when going back', () => {
    expect(order({ goal: { kind: 'release', release: 1 } }).wish).toEqual({ kind: 'release', release: 1 })
    expect(order({ goal: { kind: 'release', release: '2026' } }).wish).toEqual({ kind: 'release', release: '2026' })
  })

  test('is made of what the configuration says, and nothing else', () => {
    const { recipe, source, onFirst, before, keep, by } = order(
      {},
      {
        env: { A: '1' },
        depth: 1,
        keepReleases: 3,
        hooks: {
          ...environment().hooks,
          preSetup: ['one'],
          postSetup: ['two'],
          preDeployLocal: ['three'],
          preDeploy: ['four'],
        },
      },
    )
    expect(recipe).toEqual({
      prepare: ['npm ci'],
      activate: ['pm2 reload app.config.js'],
      manager: 'pm2',
      env: { A: '1' },
      environment: 'production',
      shared: [],
      uploads: {},
    })
    expect({ source, onFirst, before, keep }).toEqual({
      source: { repo: 'git@git.example.com:shop.git', depth: 1 },
      onFirst: ['two'],
      before: ['four'],
      keep: 3,
    })
    expect(by).toMatch(/.@./)
  })
})

test('a release is told from another by what is shared, and by what is in its uploads', () => {
  const uploads = [{ to: '.env', content: Buffer.from('A=1') }]
  const made = orderOf(environment({ shared: ['.env'] }), plainWishes, uploads)
  expect(made.uploads).toBe(uploads)
  expect(made.recipe.shared).toEqual(['.env'])
  expect(made.recipe.uploads?.['.env']).toMatch(/^[0-9a-f]{64}$/)
  expect(orderOf(environment(), plainWishes, [{ to: '.env', content: Buffer.from('A=2') }]).recipe.uploads).not.toEqual(
    made.recipe.uploads,
  )
})

describe('what is asked for on the command line', () => {
  const rollout = {
    ...environment().rollout,
    batches: [
      { hosts: ['a'], pause: false },
      { hosts: ['b', 'c'], pause: true },
      { hosts: ['d'], pause: false },
    ],
  }
  const pauses = (wishes: Partial<Wishes>) => order(wishes, { rollout }).policy.batches.map(({ pause }) => pause)

  test('adds a pause after the canary, and takes none away', () => {
    expect(pauses({})).toEqual([false, true, false])
    expect(pauses({ pauseAfter: 'canary' })).toEqual([true, true, false])
  })

  test('asks after the next batch where the canary, or one that asks, is skipped', () => {
    expect(pauses({ pauseAfter: 'canary', skip: ['a'] })).toEqual([false, true, false])
    expect(pauses({ skip: ['b', 'c'] })).toEqual([false, false, true])
    expect(pauses({ skip: ['b'] })).toEqual([false, true, false])
  })

  test('refuses a pause that nothing comes after', () => {
    const alone = { ...rollout, batches: [{ hosts: ['a'], pause: false }] }
    expect(() => order({ pauseAfter: 'canary' }, { rollout: alone })).toThrow(/only one batch/)
    expect(() => order({ pauseAfter: 'canary', skip: ['b', 'c', 'd'] }, { rollout })).toThrow(/only one batch/)
  })

  test('goes back without asking or soaking, unless somebody says so', () => {
    const goal = { kind: 'release', release: 1 } as const
    const slow = { ...rollout, soakMs: 60_000 }
    expect(order({}, { rollout: slow }).policy.soak).toBe(true)
    expect(order({ goal }, { rollout: slow }).policy.soak).toBe(false)
    expect(pauses({ goal })).toEqual([false, false, false])
    expect(pauses({ goal, pauseAfter: 'canary' })).toEqual([true, false, false])
  })

  test('counts the default of min-serving by the hosts that take part, and keeps one that is written', () => {
    const byDefault = { ...rollout, minServing: 2, minServingIsDefault: true }
    const serving = (skip: readonly string[]) => order({ skip }, { rollout: byDefault }).policy.minServing
    expect([serving([]), serving(['a']), serving(['a', 'd']), serving(['a', 'b', 'd'])]).toEqual([2, 1, 1, 0])
    expect(order({ skip: ['a'] }, { rollout: { ...rollout, minServing: 3 } }).policy.minServing).toBe(3)
  })

  test('says what becomes of a migration, where there is one', () => {
    expect(order().migration).toBe(null)
    expect(() => order({ migrate: 'again' })).toThrow(/--migrate again: ecosystem.config.js has no `migrate`/)
    const migrate = 'npm run migrate'
    expect(order({}, { migrate }).migration).toEqual({ command: migrate, answer: null })
    expect(order({ migrate: 'done' }, { migrate }).migration).toEqual({ command: migrate, answer: 'done' })
  })

  test('allows what is refused without it', () => {
    expect(order()).toMatchObject({ allowDowntime: false, allowSkipped: false })
    expect(order({ allowDowntime: true, allowSkipped: true })).toMatchObject({
      allowDowntime: true,
      allowSkipped: true,
    })
  })
})
