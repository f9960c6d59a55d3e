import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  configure,
  currentReleases,
  demand,
  ended,
  everywhere,
  failuresSoFar,
  hostOf,
  LIGHT_LOAD,
  NO_FAILURE,
  startFleet,
  until,
} from './fleet.ts'
import type { Hammer } from './hammer.ts'
import type { Lab } from './lab.ts'
import type { ReleaseName } from './releases.ts'

const RUNS = '/var/www/shop/shared/migrations'
const MAY_END = '/var/www/shop/shared/may-end'
/** Each run leaves a line on its host: the release in which it ran. */
const MIGRATE = `grep -o '"version":"[^"]*"' release.json >> ${RUNS}`

let lab: Lab
let hammer: Hammer
beforeAll(async () => {
  lab = await startFleet({ hosts: 2, name: 'migration' })
  hammer = await lab.hammer(LIGHT_LOAD)
})
afterAll(() => lab?.stop())

/** The releases for which it was run on web-1. On no other host it ever is. */
async function runs(): Promise<readonly string[]> {
  const [first = '', ...others] = await Promise.all(
    lab.hosts.map((host) => demand(host, `cat ${RUNS} 2>/dev/null || :`)),
  )
  expect(others.join('')).toBe('')
  return Array.from(first.matchAll(/"version":"([^"]+)"/g), ([, version = '']) => version)
}

/** What users and hosts have of a deploy that was refused: nothing. */
async function expectUntouched(before: readonly string[], release: ReleaseName): Promise<void> {
  expect(await currentReleases(lab)).toEqual(before)
  expect(await lab.running()).toEqual(everywhere(lab, release))
  expect(await failuresSoFar(hammer)).toEqual(NO_FAILURE)
}

it('a migration runs once, on one host, though its deploy is interrupted and run again', async () => {
  await configure(lab, { migrate: MIGRATE })
  const first = lab.deploy(['production', '--ref', 'v2'])
  await until(first, hostOf(lab, 1), 'reloading')
  first.kill('SIGINT')
  await ended(first, 130)
  expect(await runs()).toEqual(['v2'])
  const { text } = await ended(lab.deploy(['production', '--ref', 'v2']), 0)
  expect(text).toMatch(/was run for [0-9a-f]{7} already/)
  expect(await runs()).toEqual(['v2'])
  expect(await lab.running()).toEqual(everywhere(lab, 'v2'))
  expect(await failuresSoFar(hammer)).toEqual(NO_FAILURE)
})

it('a rollback does not run it, and says that it is not undone', async () => {
  const { text } = await ended(lab.deploy(['production', '--rollback']), 0)
  expect(text).toMatch(/warning: the migration .* is not undone/)
  expect(await runs()).toEqual(['v2'])
  expect(await lab.running()).toEqual(everywhere(lab, 'v1'))
})

it('one that fails ends the deploy with nothing switched', async () => {
  const before = await currentReleases(lab)
  await configure(lab, { migrate: `${MIGRATE} && echo 'no such table' >&2 && exit 7` })
  const { text } = await ended(lab.deploy(['production', '--ref', 'v3']), 1)
  expect(text).toMatch(/the migration .*, and no host was taken out/)
  expect(text).toContain('no such table')
  await expectUntouched(before, 'v1')
})

/** A deploy each, whose deployer is killed while it migrates. */
it.each([
  ['again', 'v3', ['v3', 'v3']],
  ['done', 'stale-dirname-1', ['stale-dirname-1']],
] as const)(
  'one whose deployer was killed half-way makes the next run ask, and `--migrate %s` goes on',
  async (answer, release, itsRuns) => {
    const before = { releases: await currentReleases(lab), runs: await runs(), running: await lab.running() }
    await configure(lab, { migrate: `${MIGRATE} && until [ -e ${MAY_END} ]; do sleep 0.1; done` })
    const killed = lab.deploy(['production', '--ref', release])
    await demand(
      hostOf(lab, 1),
      `rm -f ${MAY_END}; timeout 25 sh -c 'until [ $(grep -c . ${RUNS}) -gt ${before.runs.length} ]; do sleep 0.1; done'`,
    )
    killed.kill('SIGKILL')
    expect((await killed.result).signal).toBe('SIGKILL')

    // It has no deployer any more that could note how it ends.
    await demand(hostOf(lab, 1), `touch ${MAY_END}`)
    const { text } = await ended(lab.deploy(['production', '--ref', release]), 1)
    expect(text).toMatch(/not known whether it ended. Nothing was changed/)
    expect(await currentReleases(lab)).toEqual(before.releases)
    expect(await lab.running()).toEqual(before.running)

    await ended(lab.deploy(['production', '--ref', release, '--migrate', answer]), 0)
    expect(await runs()).toEqual([...before.runs, ...itsRuns])
    expect(await lab.running()).toEqual(everywhere(lab, release))
    expect(await failuresSoFar(hammer)).toEqual(NO_FAILURE)
  },
)
