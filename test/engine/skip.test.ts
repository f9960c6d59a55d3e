import { describe, expect, test } from 'vitest'
import { type Deployed, imaginedDeployment, isStep } from './deployment.ts'
import { v1 } from './ground.ts'

function states({ finished }: Pick<Deployed, 'finished'>) {
  return finished?.outcome.hosts.map(({ host, state, release }) => `${host}: ${state}, ${release}`)
}

describe('a host that is skipped', () => {
  test('is left out of rotation and not touched; that is no success, unless somebody said that it is', async () => {
    const on = imaginedDeployment(['a', 'b', 'c'])
    const { code, ...end } = await on.run({ skip: ['c'] })
    expect([code, end.finished?.outcome.kind]).toEqual([4, 'deployed'])
    expect(states(end)).toEqual([`a: serving, ${on.goal}`, `b: serving, ${on.goal}`, 'c: skipped, null'])
    expect([on.balancer.out, on.balancer.ours]).toEqual([['c'], ['c']])
    expect(on.active()).toEqual([on.goal, on.goal, v1])
    expect((await on.run({ skip: ['c'], order: { allowSkipped: true } })).code).toBe(0)
  })

  test('is brought up to date by the next deploy before it serves again', async () => {
    const on = imaginedDeployment(['a', 'b', 'c'])
    await on.run({ skip: ['c'] })
    const published = on.balancer.published.length
    const { code } = await on.run()
    expect(code).toBe(0)
    expect(on.active()).toEqual([on.goal, on.goal, on.goal])
    expect(on.balancer.published.slice(published)).toEqual([[]])
    expect([on.apps.of('a').reloads, on.apps.of('c').reloads]).toEqual([1, 1])
  })

  test('never comes back with the old release, where the deploy that was to bring it up to date fails there', async () => {
    const on = imaginedDeployment(['a', 'b', 'c'])
    await on.run({ skip: ['c'], order: { allowSkipped: true } })
    const goal = on.goal
    const { code, ...end } = await on.run({
      order: { recipe: { ...on.recipe, env: { A: '1' } } },
      meanwhile: (report) => {
        if (isStep(report, 'reload', 'c') && report.type === 'step') on.apps.bad.add(`c/${report.release}`)
      },
    })
    expect(code).toBe(4)
    expect(on.balancer.out).toEqual(['c'])
    expect(states(end)?.slice(1)).toEqual([`a: serving, ${goal}`, `b: serving, ${goal}`])
  })

  test('leaves the other one of two alone: it is rolled in its place, and the skipped one is left out', async () => {
    const on = imaginedDeployment(['a', 'b'])
    const { code } = await on.run({
      skip: ['b'],
      order: { allowSkipped: true, policy: { ...on.policy, minServing: 0 } },
    })
    expect(code).toBe(0)
    expect(on.balancer.published).toEqual([['b']])
    expect(on.active()).toEqual([on.goal, v1])
  })

  test('is not missed where the balancer cannot reach it', async () => {
    const on = imaginedDeployment(['a', 'b', 'c'])
    const preflight = async () => [{ weight: 'error', host: 'c', text: 'no answer from c' } as const]
    Object.assign(on.fleet.balancer, { preflight })
    expect((await on.run({ skip: ['c'], order: { allowSkipped: true } })).code).toBe(0)
    await expect(on.run()).rejects.toMatchObject({ code: 'preflight' })
  })
})
