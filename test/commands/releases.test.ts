import { describe, expect, test } from 'vitest'
import { tellReleases } from '../../src/commands/releases.ts'
import { UserError } from '../../src/errors.ts'
import { entry, machine, shaOf, view } from '../engine/fakes.ts'
import { context } from './environment.ts'

const [v1, v2, v3] = ['20261101000000-1111111', '20261102000000-2222222', '20261103000000-3333333']
const all = { releases: [v1, v2, v3], history: [entry(v1), entry(v2), entry(v3)] }

type Seen = Parameters<typeof view>[0]

/** `null`: a host that cannot be looked at. */
async function told(verb: 'current' | 'previous' | 'list', hosts: readonly (Seen | null)[], isWhole = true) {
  const { report, reports } = context()
  const lost = () => Promise.reject(new UserError('host-unreachable', 'cannot reach it'))
  const machines = hosts.map((seen, index) =>
    machine(`web-${index + 1}`, undefined, {
      inspect: seen === null ? lost : async () => view(seen).inspection,
    }),
  )
  const code = await tellReleases(verb, { machines, isWhole, report })
  return { code, reports }
}

const on = (runs: string, change: Seen = {}): Seen => ({ ...all, runs, ...change })
const at = (host: string, release: string | null) => ({
  host,
  release,
  sha: release === null ? null : shaOf(release.slice(-1)),
})

describe('current', () => {
  test('is one release where all hosts say the same', async () => {
    const { code, reports } = await told('current', [on(v3), on(v3)])
    const hosts = [at('web-1', v3), at('web-2', v3)]
    expect([code, reports]).toEqual([0, [{ type: 'releases', what: 'current', hosts, agree: true }]])
  })

  test('hosts that differ, and one that has none, are told as such, with 4', async () => {
    const { code, reports } = await told('current', [on(v3), on(v2), {}])
    const hosts = [at('web-1', v3), at('web-2', v2), at('web-3', null)]
    expect([code, reports]).toEqual([4, [{ type: 'releases', what: 'current', hosts, agree: false }]])
  })

  test('a host that was not seen may be on anything', async () => {
    for (const { code, reports } of [await told('current', [on(v3)], false), await told('current', [on(v3), null])]) {
      expect(code).toBe(4)
      expect(reports.at(-1)).toEqual({ type: 'releases', what: 'current', hosts: [at('web-1', v3)], agree: false })
    }
  })

  test('nothing, and nobody, is no answer', async () => {
    await expect(told('current', [{}, {}])).rejects.toMatchObject({ code: 'no-release' })
    await expect(told('current', [null, null])).rejects.toMatchObject({ code: 'host-unreachable' })
  })
})

describe('previous', () => {
  test('is what a rollback goes back to', async () => {
    const { reports } = await told('previous', [on(v3), on(v3)])
    const hosts = [at('web-1', v2), at('web-2', v2)]
    expect(reports).toEqual([{ type: 'releases', what: 'previous', hosts, agree: true }])
    const back = { history: [...all.history, entry(v2, 'rollback')] }
    expect((await told('previous', [on(v2, back)])).reports).toMatchObject([{ hosts: [at('web-1', v1)] }])
  })

  test('is none on a host that does not have it, and none at all after one deploy', async () => {
    const { code, reports } = await told('previous', [on(v3), on(v3, { releases: [v3] })])
    expect([code, reports]).toMatchObject([4, [{ hosts: [at('web-1', v2), at('web-2', null)], agree: false }]])
    await expect(told('previous', [on(v1, { history: [entry(v1)] })])).rejects.toMatchObject({ code: 'no-release' })
    await expect(told('previous', [on(v3, { releases: [v3] })])).rejects.toMatchObject({
      message: `The release deployed before the present one, ${v2}, is on no host any more.`,
    })
  })
})

describe('list', () => {
  const deployed = (reports: Awaited<ReturnType<typeof told>>['reports']) =>
    reports.flatMap((report) => (report.type === 'history' ? report.deployed : []))
  const numbers = (reports: Awaited<ReturnType<typeof told>>['reports']) =>
    deployed(reports).map(({ back, release, only }) => [back, release, only])

  test('is what was deployed, newest first, by the numbers that revert takes, and where it still is', async () => {
    const { code, reports } = await told(
      'list',
      [on(v3), on(v3, { releases: [v3, v2] })].map((seen) => ({ ...seen })),
    )
    expect(code).toBe(0)
    expect(numbers(reports)).toEqual([
      [0, v3, null],
      [1, v2, null],
      [2, v1, ['web-1']],
    ])
    expect(deployed(reports)[0]).toMatchObject({ sha: shaOf('3'), at: entry(v3).at, by: 'ada@laptop' })
  })

  test('leaves out what was gone back from', async () => {
    const { reports } = await told('list', [on(v2, { history: [...all.history, entry(v2, 'rollback')] })])
    expect(numbers(reports).map(([back, release]) => [back, release])).toEqual([
      [0, v2],
      [1, v1],
    ])
  })

  test('begins with 1 where a deploy was cut off on the way to another one, and says which host stands there', async () => {
    const history = [entry(v1), entry(v2)]
    const { code, reports } = await told('list', [on(v3, { history }), on(v2, { history })])
    expect(numbers(reports).map(([back, release]) => [back, release])).toEqual([
      [1, v2],
      [2, v1],
    ])
    expect(code).toBe(4)
    expect(reports.filter(({ type }) => type === 'note')).toMatchObject([
      { host: 'web-1', text: `is on ${v3}, which is not the one deployed last` },
    ])
  })
})
