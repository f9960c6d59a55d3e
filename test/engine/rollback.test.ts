import { describe, expect, test } from 'vitest'
import { deployment, histories } from './deployment.ts'
import { v1 } from './ground.ts'

describe('going back', () => {
  const back = { wish: { kind: 'release', release: 1 } } as const

  test('is the same with the release before, needs no repository, and is written down as such', async () => {
    const on = deployment(['a', 'b'])
    await on.run()
    const source = { repo: '/nowhere', depth: null }
    const { code, finished, reports } = await on.run({ order: { ...back, source } })
    expect([code, finished?.command, finished?.outcome.kind]).toEqual([0, 'rollback', 'deployed'])
    expect(on.active()).toEqual([v1, v1])
    expect(reports.some((report) => report.type === 'step' && report.step === 'prepare')).toBe(false)
    expect((await histories(on))[0]).toEqual([`deploy ${v1}`, `deploy ${on.goal}`, `rollback ${v1}`])
  })

  test('to where nothing was deployed before is refused', async () => {
    await expect(deployment(['a']).run({ order: back })).rejects.toMatchObject({ code: 'no-release' })
  })
})
