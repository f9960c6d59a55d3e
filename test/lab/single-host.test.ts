import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { configure, demand, ended, everywhere, hostOf } from './fleet.ts'
import { type Lab, startLab } from './lab.ts'

let lab: Lab
beforeAll(async () => {
  lab = await startLab({ hosts: 2, name: 'single' })
})
afterAll(() => lab?.stop())

describe('one host alone', () => {
  beforeAll(() => configure(lab, { host: [hostOf(lab, 1).address], balancer: undefined, rollout: undefined }))

  it('is deployed to by the graceful reload of its cluster', async () => {
    await ended(lab.deploy(['production', '--ref', 'v1']), 0)
    const { text } = await ended(lab.deploy(['production', '--ref', 'v2']), 0)
    expect(text).not.toContain('out of rotation')
    expect(await lab.running()).toMatchObject({ 'web-1': 'v2' })
  })

  it('goes back to the release before when the new one is broken', async () => {
    await ended(lab.deploy(['production', '--ref', 'answers-500']), 3)
    expect(await lab.running()).toMatchObject({ 'web-1': 'v2' })
  })

  it('in fork mode is refused without --allow-downtime', async () => {
    await demand(hostOf(lab, 1), 'pm2 delete shop', 'deploy')
    await ended(lab.deploy(['production', '--ref', 'fork-1']), 0)
    const { text } = await ended(lab.deploy(['production', '--ref', 'fork-2']), 1)
    expect(text).toContain('--allow-downtime')
    expect(await lab.running()).toMatchObject({ 'web-1': 'fork-1' })
    await ended(lab.deploy(['production', '--ref', 'fork-2', '--allow-downtime']), 0)
    expect(await lab.running()).toMatchObject({ 'web-1': 'fork-2' })
  })
})

describe('several hosts without a balancer', () => {
  beforeAll(async () => {
    await demand(hostOf(lab, 1), 'pm2 delete shop', 'deploy')
    await configure(lab, { balancer: undefined, rollout: undefined })
  })

  it('are deployed to one at a time', async () => {
    const { text } = await ended(lab.deploy(['production', '--ref', 'v2']), 0)
    expect(text.indexOf('10.77.0.11  verified')).toBeGreaterThan(0)
    expect(text.indexOf('10.77.0.11  verified')).toBeLessThan(text.indexOf('10.77.0.12  activating'))
    expect(await lab.running()).toEqual(everywhere(lab, 'v2'))
  })
})
