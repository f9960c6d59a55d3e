import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { RunningDeploy } from './deployer.ts'
import {
  currentReleases,
  demand,
  ended,
  everywhere,
  failuresOf,
  holdConnection,
  hostOf,
  NO_FAILURE,
  startFleet,
  status,
  until,
} from './fleet.ts'
import type { Lab } from './lab.ts'

let lab: Lab
beforeAll(async () => {
  lab = await startFleet({ hosts: 2, name: 'interrupt' })
})
afterAll(() => lab?.stop())
beforeEach(async () => {
  await ended(lab.deploy(['production', '--ref', 'v1']), 0)
})

/** Starts a deploy of v2 under load, does something at a moment of it, and says how all ended. */
async function meanwhile(act: (deploy: RunningDeploy) => Promise<void>): Promise<RunningDeploy> {
  const hammer = await lab.hammer()
  const deploy = lab.deploy(['production', '--ref', 'v2'])
  await act(deploy)
  await deploy.result
  expect(await failuresOf(hammer)).toEqual(NO_FAILURE)
  return deploy
}

/** What must be so after every deploy, however it ended: free for the next one, which brings all to the release. */
async function nextOneConverges(): Promise<void> {
  await ended(lab.deploy(['production', '--ref', 'v2']), 0)
  expect(await lab.running()).toEqual(everywhere(lab, 'v2'))
  expect(await status(lab)).toMatchObject({ lock: null, hosts: [{ rotation: 'in' }, { rotation: 'in' }] })
}

describe('an interruption', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('by %s while a host drains puts it back unchanged', async (signal) => {
    const held = await holdConnection(lab, hostOf(lab, 1))
    const deploy = await meanwhile(async (running) => {
      await until(running, hostOf(lab, 1), 'waiting until drained')
      running.kill(signal)
      await ended(running, 130)
      await held.release()
    })
    expect(deploy.lines.join('\n')).toMatch(/^interrupted /m)
    expect(await lab.running()).toEqual(everywhere(lab, 'v1'))
    expect((await status(lab)).lock).toBeNull()
    await nextOneConverges()
  })

  it('while a host reloads finishes that host, and begins no other', async () => {
    const deploy = await meanwhile(async (running) => {
      await until(running, hostOf(lab, 1), 'reloading')
      running.kill('SIGINT')
    })
    const { text } = await ended(deploy, 130)
    expect(text).toMatch(/^interrupted /m)
    expect(await lab.running()).toEqual({ 'web-1': 'v2', 'web-2': 'v1' })
    await nextOneConverges()
  })

  it('while the release is prepared ends before anything is felt', async () => {
    const deploy = await meanwhile(async (running) => {
      await until(running, hostOf(lab, 1), 'preparing')
      running.kill('SIGINT')
    })
    const { text } = await ended(deploy, 130)
    expect(text).toContain('Interrupted before anything was changed')
    expect(await lab.running()).toEqual(everywhere(lab, 'v1'))
    await nextOneConverges()
  })

  it('that comes twice leaves at once, and says what is left', async () => {
    const held = await holdConnection(lab, hostOf(lab, 1))
    const deploy = await meanwhile(async (running) => {
      await until(running, hostOf(lab, 1), 'waiting until drained')
      await held.release()
      await until(running, hostOf(lab, 1), 'reloading')
      await interruptUntilGone(running)
    })
    const { text } = await ended(deploy, 130)
    expect(text).toMatch(/^ {2}10\.77\.0\.11 .*not serving/m)
    expect(text).toMatch(/^interrupted /m)
    await nextOneConverges()
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

describe('a deployer that is killed', () => {
  it.each(['waiting until drained', 'activating', 'reloading', 'verifying', 'putting back'])(
    'while a host is %s leaves nothing that has to be repaired by hand',
    async (step) => {
      const deploy = await meanwhile(async (running) => {
        await until(running, hostOf(lab, 1), step)
        running.kill('SIGKILL')
      })
      expect((await deploy.result).signal).toBe('SIGKILL')
      const sha7 = lab.git.commits.v2.slice(0, 7)
      const prepared = await demand(hostOf(lab, 1), `ls /var/www/shop/releases | grep -- -${sha7} | tail -n 1`)
      const hammer = await lab.hammer()
      await nextOneConverges()
      expect(await failuresOf(hammer)).toEqual(NO_FAILURE)
      expect(await currentReleases(lab)).toEqual([prepared, prepared])
    },
  )
})
