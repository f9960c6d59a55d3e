import { type AppState, healthContract } from '../../health/health-contract.ts'
import { realTime } from '../clock/real-time.ts'
import { random } from '../random.ts'
import { standOn } from './beginnings.ts'
import type { Wellness } from './change.ts'
import { createDeployer } from './deployer.ts'
import { quiet } from './dials.ts'
import { loseHostPower } from './machines.ts'
import { portsFor } from './ports.ts'
import { boxOf, createWorld } from './world.ts'

const speed = 20
const turned: Readonly<Record<AppState, Wellness>> = { well: 'well', ill: 'ill', hangs: 'well', silent: 'silent' }

healthContract('a check of the simulation', async () => {
  const world = createWorld({ time: realTime(speed), dice: random(1), hosts: ['web-1', 'web-2'], balancers: 0 })
  standOn(world, { id: '20261121031500-aaaaaaa', sha: 'a'.repeat(40) })
  loseHostPower(world, boxOf(world, 'web-2'))
  const { health, machines } = portsFor(world, createDeployer('ada'))
  const [one, other] = machines
  if (one === undefined || other === undefined) throw new Error('a fleet of two hosts')
  return {
    health,
    host: one.host,
    lost: other.host,
    turn: async (state) => {
      world.dials = { ...quiet, healthLies: state === 'hangs' ? 1 : 0 }
      for (const process of boxOf(world, 'web-1').app.processes) process.wellness = turned[state]
    },
    close: async () => {},
  }
})
