import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { RunningDeploy } from './deployer.ts'
import {
  ended,
  everywhere,
  failuresOf,
  holdConnection,
  hostOf,
  LIGHT_LOAD,
  NO_FAILURE,
  startFleet,
  status,
  until,
} from './fleet.ts'
import type { Lab } from './lab.ts'
import type { ReleaseName } from './releases.ts'

let lab: Lab
beforeAll(async () => {
  lab = await startFleet({ hosts: 2, name: 'interrupt' })
})
afterAll(() => lab?.stop())

/** Starts a deploy under load, and does something at a moment of it. */
async function meanwhile(release: ReleaseName, act: (deploy: RunningDeploy) => Promise<void>): Promise<RunningDeploy> {
  const hammer = await lab.hammer(LIGHT_LOAD)
  const deploy = lab.deploy(['production', '--ref', release])
  await act(deploy)
  await deploy.result
  expect(await failuresOf(hammer)).toEqual(NO_FAILURE)
  return deploy
}

/** Whatever was interrupted: the next deploy finds the fleet free, and brings all of it to the release. */
async function nextOneConverges(release: ReleaseName): Promise<void> {
  await ended(lab.deploy(['production', '--ref', release]), 0)
  expect(await lab.running()).toEqual(everywhere(lab, release))
  expect(await status(lab)).toMatchObject({ lock: null, hosts: [{ rotation: 'in' }, { rotation: 'in' }] })
}

describe('an interruption', () => {
  it('by SIGINT while a host drains puts it back unchanged', async () => {
    const held = await holdConnection(lab, hostOf(lab, 1))
    const deploy = await meanwhile('v2', async (running) => {
      await until(running, hostOf(lab, 1), 'waiting until drained')
      running.kill('SIGINT')
      await ended(running, 130)
      await held.release()
    })
    expect(deploy.lines.join('\n')).toMatch(/^interrupted /m)
    expect(await lab.running()).toEqual(everywhere(lab, 'v1'))
    expect((await status(lab)).lock).toBeNull()
  })

  it('by SIGTERM while the release is prepared ends before anything is felt', async () => {
    const deploy = await meanwhile('v3', async (running) => {
      await until(running, hostOf(lab, 1), 'preparing')
      running.kill('SIGTERM')
    })
    const { text } = await ended(deploy, 130)
    expect(text).toContain('Interrupted before anything was changed')
    expect(await lab.running()).toEqual(everywhere(lab, 'v1'))
    expect((await status(lab)).lock).toBeNull()
  })

  it('while a host reloads finishes that host, and begins no other', async () => {
    const deploy = await meanwhile('v2', async (running) => {
      await until(running, hostOf(lab, 1), 'reloading')
      running.kill('SIGINT')
    })
    const { text } = await ended(deploy, 130)
    expect(text).toMatch(/^interrupted /m)
    expect(await lab.running()).toEqual({ 'web-1': 'v2', 'web-2': 'v1' })
    await nextOneConverges('v2')
  })

  it('that comes twice leaves at once, and says what is left', async () => {
    const deploy = await meanwhile('v3', async (running) => {
      await until(running, hostOf(lab, 1), 'reloading')
      await interruptUntilGone(running)
    })
    const { text } = await ended(deploy, 130)
    expect(text).toMatch(/^ {2}10\.77\.0\.11 .*not serving/m)
    expect(text).toMatch(/^ {2}10\.77\.0\.12 .*serving/m)
    expect(text).toMatch(/^interrupted /m)
    await nextOneConverges('v3')
  })
})

/** Two signals within a moment are one keypress. */
async function interruptUntilGone(deploy: RunningDeploy): Promise<void> {
  const gone = vi.fn()
  void deploy.result.then(gone)
  await vi.waitFor(
    () => {
      deploy.kill('SIGINT')
      expect(gone).toHaveBeenCalled()
    },
    { timeout: 20_000, interval: 100 },
  )
}
