import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { demand, ended, everywhere, NO_FAILURE, reports, startFleet } from './fleet.ts'
import type { Lab } from './lab.ts'

/** What the promise speaks of. */
const REQUESTS_MIN = 30_000
const REACH_TIMEOUT_MS = 120_000
const ROLL_TIMEOUT_MS = 300_000

let lab: Lab
beforeAll(async () => {
  lab = await startFleet({ hosts: 3, name: 'roll' })
})
afterAll(() => lab?.stop())

it(
  'a fleet under load is rolled three times and rolled back without a failed request',
  async () => {
    const hammer = await lab.hammer()
    for (const release of ['v2', 'v3', 'stale-dirname-1'] as const) {
      await lab.git.push(release)
      await ended(lab.deploy(['production']), 0)
      expect(await lab.running()).toEqual(everywhere(lab, release))
    }
    await ended(lab.deploy(['production', '--rollback']), 0)
    expect(await lab.running()).toEqual(everywhere(lab, 'v3'))
    await hammer.reached(REQUESTS_MIN, REACH_TIMEOUT_MS)
    const { total, failed, samples, versionsSeen } = await hammer.stop()
    expect({ failed, samples }).toEqual(NO_FAILURE)
    expect(total).toBeGreaterThanOrEqual(REQUESTS_MIN)
    expect(Object.keys(versionsSeen).toSorted()).toEqual(['stale-dirname-1', 'v1', 'v2', 'v3'])
  },
  ROLL_TIMEOUT_MS,
)

describe('a deploy', () => {
  it('to the release that runs already restarts nothing', async () => {
    const pids = () => Promise.all(lab.hosts.map((host) => demand(host, 'pm2 pid shop', 'deploy')))
    const before = await pids()
    const { text } = await ended(lab.deploy(['production', '--ref', 'v3']), 0)
    expect(text).toMatch(/^unchanged /m)
    expect(await pids()).toEqual(before)
  })

  it('gives every host the same commit, whatever the ref is called', async () => {
    const sha = lab.git.commits.v2
    await lab.git.push('v2')
    for (const ref of ['origin/main', 'v2', sha.slice(0, 7)]) {
      const { stdout } = await ended(lab.deploy(['production', 'plan', '--json', '--ref', ref]), 0)
      expect(reports(stdout).find(({ type }) => type === 'plan')).toMatchObject({ sha })
    }
  })

  it('with --json prints one event a line on stdout, and nothing else', async () => {
    const { stdout, stderr } = await ended(lab.deploy(['production', '--json', '--ref', 'v1']), 0)
    const events = reports(stdout)
    expect(events.length).toBeGreaterThan(10)
    expect(events.every(({ type, at }) => typeof type === 'string' && typeof at === 'string')).toBe(true)
    expect(events.at(-1)).toMatchObject({ type: 'finished', exitCode: 0, outcome: { kind: 'deployed' } })
    expect(stderr).toBe('')
  })

  it('that goes back with --rollback asks neither git nor npm', async () => {
    await lab.git.machine.powerOff()
    const { text } = await ended(lab.deploy(['production', '--rollback']), 0)
    await lab.git.machine.powerOn()
    expect(text).toMatch(/^rolled back, as asked /m)
    expect(await lab.running()).toEqual(everywhere(lab, 'v3'))
  })
})
