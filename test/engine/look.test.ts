import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { preflight, refuseDowntime } from '../../src/engine/look.ts'
import { UserError } from '../../src/errors.ts'
import { fakeBalancer, fakeState } from '../balancers/fake-balancer.ts'
import { fleet, machine, manifest, process, view } from './fakes.ts'
import { ground, machineOn, v1, v2 } from './ground.ts'

type Ground = ReturnType<typeof ground>

function looking({ fleet: all }: Ground, findings: Parameters<typeof preflight>[1] = []) {
  const told = () =>
    all.reports.flatMap((report) => (report.type === 'finding' ? [`${report.host}: ${report.text}`] : []))
  return { done: preflight(all, findings), told }
}

describe('before a deploy', () => {
  test('a fleet that is well is passed without a word', async () => {
    const { done, told } = looking(ground(['a', 'b']))
    const { views, view: seen } = await done
    expect(views.map(({ runs }) => runs)).toEqual([v1, v1])
    expect(seen.out).toEqual([])
    expect(told()).toEqual([])
  })

  test('everything that is wrong is told at once, and nothing is begun', async () => {
    const on = ground(['a', 'b'])
    const [a] = on.fleet.machines
    if (a === undefined) throw new Error('no machine')
    rmSync(a.layout.current)
    mkdirSync(a.layout.current)
    on.balancer.broken = 'another fleet runs there'
    const { done, told } = looking(on, [{ weight: 'error', host: 'b', text: 'the disk is full' }])
    await expect(done).rejects.toMatchObject({ code: 'preflight', message: expect.stringContaining('3 things stand') })
    expect(told()).toEqual(
      expect.arrayContaining([
        'b: the disk is full',
        'balancer: another fleet runs there',
        `a: ${a.layout.current} is a folder, not a link to a release`,
      ]),
    )
  })

  test('what can be lived with is a warning', async () => {
    const on = ground(['a', 'b'])
    const [a, b] = on.fleet.machines
    if (a === undefined || b === undefined) throw new Error('no machine')
    on.apps.bad.add(`a/${v1}`)
    writeFileSync(join(b.layout.manifests, `${v2}.json`), 'torn')
    const { done, told } = looking(on)
    await done
    expect(told()).toEqual([
      'a: is not healthy now (500): it goes first',
      `b: ${b.layout.zdr}/releases/${v2}.json could not be read, and is passed over`,
    ])
  })

  test('a host that cannot be looked at stands in the way, and the others are looked at all the same', async () => {
    const on = ground(['a', 'b'])
    on.apps.bad.add(`b/${v1}`)
    const gone = { ...machine('a').host, run: () => Promise.reject(new UserError('host-unreachable', 'no route')) }
    const [, b] = on.fleet.machines
    if (b === undefined) throw new Error('no machine')
    const machines = [machineOn(gone, '/var/www/shop'), b]
    const { done, told } = looking({ ...on, fleet: { ...on.fleet, machines } })
    await expect(done).rejects.toMatchObject({ message: expect.stringContaining('One thing stands') })
    expect(told()).toEqual(['a: no route', 'b: is not healthy now (500): it goes first'])
  })
})

describe('where no other host would answer meanwhile', () => {
  const serves = (mode: 'fork' | 'cluster') => ({
    ...view({ runs: v1, releases: [v1] }),
    processes: [process({ mode })],
  })
  const alone = (isPinned = false) =>
    fleet({
      machines: [machine('a')],
      processesOf: () => ({
        kind: 'pm2',
        tools: [],
        running: async () => [],
        isPinned: () => isPinned,
        reload: async () => [],
        stop: async () => undefined,
        log: async () => '',
      }),
    })
  const goal = manifest(v2)
  const everybodyIn = { out: [], mixed: [], byHand: [] }

  test('an app that can only be restarted is refused', () => {
    expect(() => refuseDowntime(alone(), { views: [serves('fork')], view: everybodyIn }, goal)).toThrow(
      /a: a reload of shop is a restart/,
    )
  })
  test('an app that a reload would leave on its old folder is refused', () => {
    expect(() => refuseDowntime(alone(true), { views: [serves('cluster')], view: everybodyIn }, goal)).toThrow(
      /folder of its first start/,
    )
  })
  test('an app that is reloaded gracefully, does not serve, or runs the release already is not', () => {
    refuseDowntime(alone(), { views: [serves('cluster')], view: everybodyIn }, goal)
    refuseDowntime(alone(), { views: [{ ...serves('fork'), healthy: false }], view: everybodyIn }, goal)
    refuseDowntime(alone(), { views: [serves('fork')], view: everybodyIn }, manifest(v1))
  })
  test('several hosts behind a balancer may restart: they are out meanwhile', () => {
    const machines = ['a', 'b'].map((name) => machine(name))
    const balanced = { ...alone(), machines, balancer: fakeBalancer(fakeState(['a', 'b'])) }
    refuseDowntime(balanced, { views: [serves('fork')], view: everybodyIn }, goal)
    expect(() =>
      refuseDowntime({ ...alone(), machines }, { views: [serves('fork')], view: everybodyIn }, goal),
    ).toThrow(UserError)
  })
})
