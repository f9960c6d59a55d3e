import { expect } from 'vitest'
import { type AppKind, processesContract } from '../../processes/processes-contract.ts'
import { realTime } from '../clock/real-time.ts'
import { random } from '../random.ts'
import { createDeployer } from './deployer.ts'
import { portsFor } from './ports.ts'
import { type Behaviour, wellCommit } from './repository.ts'
import { isWell } from './rotation.ts'
import { boxOf, createWorld } from './world.ts'

const speed = 10
const behaviours: Readonly<Record<AppKind, Behaviour>> = {
  well: { kind: 'well' },
  'throws at boot': { kind: 'throws at boot' },
  dies: { kind: 'dies', afterMs: 8_000 },
}

processesContract('a process manager of the simulation', async () => {
  const world = createWorld({ time: realTime(speed), dice: random(1), hosts: ['web-1'], balancers: 0 })
  const { machines, processesOf } = portsFor(world, createDeployer('ada'))
  const [machine] = machines
  if (machine === undefined) throw new Error('a fleet without hosts')
  const { disk, app } = boxOf(world, 'web-1')
  return {
    processes: processesOf('pm2'),
    host: machine.host,
    activate: async (release, kind) => {
      const commit = { ...wellCommit(`${release} ${kind}`), behaviour: behaviours[kind] }
      world.repository.commits.set(commit.sha, commit)
      disk.releases.set(release, { sha: commit.sha, built: 'whole' })
      disk.current = { kind: 'release', id: release }
      const { current, releases } = machine.layout
      const commands = ['pm2 startOrReload ecosystem.config.js']
      return { directory: `${releases}/${release}`, current, commands, env: {}, environment: 'production' }
    },
    untilWell: async () => {
      const areWell = (): boolean =>
        isWell(world, 'web-1') && app.processes.every(({ wellness }) => wellness === 'well')
      await expect.poll(areWell, { interval: 10 }).toBe(true)
    },
    close: async () => {
      app.processes = []
    },
  }
})
