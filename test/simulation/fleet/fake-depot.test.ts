import { depotContract } from '../../hosts/depot-contract.ts'
import { realTime } from '../clock/real-time.ts'
import { random } from '../random.ts'
import { push } from './beginnings.ts'
import { createDeployer, die } from './deployer.ts'
import { portsFor } from './ports.ts'
import { wellCommit } from './repository.ts'
import { createWorld } from './world.ts'

const speed = 20

depotContract('a depot of the simulation', async () => {
  const dice = random(1)
  const world = createWorld({ time: realTime(speed), dice, hosts: ['web-1'], balancers: 0 })
  let opened = 0
  return {
    repo: 'git@example.org:shop.git',
    releases: world.layout.releases,
    open: () => {
      const deployer = createDeployer(`deployer ${++opened}`)
      const [machine] = portsFor(world, deployer).machines
      if (machine === undefined) throw new Error('a fleet without hosts')
      return { depot: machine.depot, close: async () => die(world, deployer, 'killed') }
    },
    push: async (branch) => {
      const sha = Array.from({ length: 40 }, () => dice.below(16).toString(16)).join('')
      push(world, branch, wellCommit(sha))
      return sha
    },
    tag: async (name, sha) => void world.repository.refs.set(`refs/tags/${name}`, sha),
    close: async () => {},
  }
})
