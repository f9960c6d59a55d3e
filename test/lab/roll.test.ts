import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { currentReleases, demand, ended, everywhere, hostOf, reports, startFleet } from './fleet.ts'
import type { Lab } from './lab.ts'

/** What the promise speaks of. */
const REQUESTS_MIN = 30_000
const REACH_TIMEOUT_MS = 120_000

let lab: Lab
beforeAll(async () => {
  lab = await startFleet({ hosts: 3, name: 'roll' })
})
afterAll(() => lab?.stop())

describe('a fleet under load', () => {
  it('is rolled three times and rolled back without a failed request', async () => {
    const hammer = await lab.hammer()
    for (const release of ['v2', 'v3', 'slow-boot'] as const) {
      await lab.git.push(release)
      await ended(lab.deploy(['production']), 0)
      expect(await lab.running()).toEqual(everywhere(lab, release))
    }
    await ended(lab.deploy(['production', '--rollback']), 0)
    expect(await lab.running()).toEqual(everywhere(lab, 'v3'))
    await hammer.reached(REQUESTS_MIN, REACH_TIMEOUT_MS)
    const { total, failed, samples, versionsSeen } = await hammer.stop()
    expect({ failed, samples }).toEqual({ failed: 0, samples: [] })
    expect(total).toBeGreaterThanOrEqual(REQUESTS_MIN)
    expect(Object.keys(versionsSeen).toSorted()).toEqual(['slow-boot', 'v1', 'v2', 'v3'])
  })

  it('is rolled away from a release that ignores SIGINT without a failed request', async () => {
    const hammer = await lab.hammer()
    for (const release of ['ignores-sigint', 'v2'] as const) {
      await ended(lab.deploy(['production', '--ref', release]), 0)
      expect(await lab.running()).toEqual(everywhere(lab, release))
    }
    const { failed, samples } = await hammer.stop()
    expect({ failed, samples }).toEqual({ failed: 0, samples: [] })
  })
})

describe('a deploy', () => {
  it('to the release that runs already restarts nothing', async () => {
    const pids = () => Promise.all(lab.hosts.map((host) => demand(host, 'pm2 pid shop', 'deploy')))
    const before = await pids()
    const { text } = await ended(lab.deploy(['production', '--ref', 'v2']), 0)
    expect(text).toMatch(/^unchanged /m)
    expect(await pids()).toEqual(before)
  })

  it('gives every host the same commit, whatever the ref is called', async () => {
    const sha = lab.git.commits.v3
    await lab.git.push('v3')
    for (const ref of ['main', 'origin/main', 'v3', sha, sha.slice(0, 7)]) {
      const { stdout } = await ended(lab.deploy(['production', 'plan', '--json', '--ref', ref]), 0)
      expect(reports(stdout).find(({ type }) => type === 'plan')).toMatchObject({ sha })
    }
  })

  it('with --json prints one event a line on stdout, and nothing else', async () => {
    const { stdout, stderr } = await ended(lab.deploy(['production', '--json', '--ref', 'v3']), 0)
    const events = reports(stdout)
    expect(events.length).toBeGreaterThan(10)
    expect(events.every(({ type, at }) => typeof type === 'string' && typeof at === 'string')).toBe(true)
    expect(events.at(-1)).toMatchObject({ type: 'finished', exitCode: 0, outcome: { kind: 'deployed' } })
    expect(stderr).toBe('')
  })

  it('that goes back with --rollback asks neither git nor npm', async () => {
    const present = await currentReleases(lab)
    await lab.git.machine.powerOff()
    await ended(lab.deploy(['production', '--rollback']), 0)
    await lab.git.machine.powerOn()
    expect(await lab.running()).toEqual(everywhere(lab, 'v2'))
    const { text } = await ended(lab.deploy(['production', '--rollback', present[0] ?? '']), 0)
    expect(text).toMatch(/^rolled back, as asked /m)
    expect(await lab.running()).toEqual(everywhere(lab, 'v3'))
  })

  it('keeps the last five releases, and removes what is older', async () => {
    const { stdout } = await hostOf(lab, 1).exec('ls /var/www/shop/releases')
    expect(stdout.trim().split('\n')).toHaveLength(5)
  })
})
