/**
 * The ports of an imagined fleet, as one deployer sees them. What a run looks like:
 *
 *   const time = virtualTime()
 *   const world = createWorld({ time, dice: random(seed), hosts: ['web-1', 'web-2'], balancers: 1 })
 *   world.trace = []                                     // one line a change, in an operator's words
 *   world.onChange = (change) => check(world, change)    // what it throws ends the run
 *   standOn(world, { id: '20261121031500-aaaaaaa', sha: 'a'.repeat(40) })   // deployed, verified, well, everywhere
 *   push(world, 'main', { ...wellCommit('b'.repeat(40)), behaviour: { kind: 'answers 500' } })
 *   world.dials = { ...quiet, hangs: 0.01, losesPower: 0.1 }
 *   const ada = createDeployer('ada')
 *   letFateWork(world, [ada])                            // power, lines, balancers, hands, as the dials say
 *   const ports = portsFor(world, ada)                   // machines (with host and depot), balancer, processesOf, health, clock
 *   let end: ExitCode | UserError | null = null            // how a Fleet is made of the ports: see `fleet.test.ts`
 *   deploy({ fleet: { ...ports, … }, lock, order, company }).then((code) => { end = code }, (error) => { end = error })
 *   time.after(40_000, () => die(world, ada, 'killed'))  // from then on it is never heard of again
 *   const ending = await time.run({ isOver: () => end !== null || ada.life === 'dead', untilMs: startMs + hour })
 *   isServing(world, 'web-1')                            // the truth, for the checker; see `rotation.ts` and `app.ts`
 *
 * A fleet that is ill from the start is not deployed to, so most runs turn the dials up only after some seconds.
 * `idle` from `run` means that everybody waits for something that will never happen. A second deployer is another
 * `createDeployer` and `portsFor` on the same world. Operators: `leaveOutByHand`, `push`.
 */
import type { Balancer } from '../../../src/balancers/balancer.ts'
import { every } from '../../../src/balancers/every.ts'
import { noBalancer } from '../../../src/balancers/none.ts'
import type { Clock } from '../../../src/engine/clock.ts'
import type { Health } from '../../../src/health/health.ts'
import type { Depot } from '../../../src/hosts/depot.ts'
import type { Manifest } from '../../../src/hosts/history.ts'
import type { Host } from '../../../src/hosts/host.ts'
import type { Layout } from '../../../src/hosts/layout.ts'
import type { Processes } from '../../../src/processes/processes.ts'
import type { HostName } from '../../../src/rollout/model.ts'
import { clockOf, type Deployer } from './deployer.ts'
import { fakeBalancer } from './fake-balancer.ts'
import { fakeDepot } from './fake-depot.ts'
import { fakeHealth } from './fake-health.ts'
import { createHosts, type Hosts } from './fake-host.ts'
import { fakeProcesses } from './fake-processes.ts'
import { seatAt } from './seat.ts'
import type { Box, World } from './world.ts'

export interface ImaginedMachine {
  readonly name: HostName
  readonly host: Host
  readonly layout: Layout
  readonly depot: Depot
}

export interface Ports {
  readonly machines: readonly ImaginedMachine[]
  readonly balancer: Balancer
  readonly processesOf: (manager: Manifest['manager']) => Processes
  readonly health: Health
  readonly clock: Clock
}

export function portsFor(world: World, deployer: Deployer): Ports {
  const hosts = createHosts()
  const processes = { pm2: fakeProcesses('pm2', hosts.at), command: fakeProcesses('command', hosts.at) }
  return {
    machines: [...world.hosts.values()].map((box) => machineFor(world, deployer, { box, hosts })),
    balancer: balancerFor(world, deployer),
    processesOf: (manager) => processes[manager],
    health: fakeHealth(hosts.at),
    clock: clockOf(world.time, deployer),
  }
}

function machineFor(
  world: World,
  deployer: Deployer,
  { box, hosts }: { readonly box: Box; readonly hosts: Hosts },
): ImaginedMachine {
  const seat = seatAt(world, deployer, box)
  return {
    name: box.name,
    host: hosts.hostOf({ seat, box, fence: null }),
    layout: world.layout,
    depot: fakeDepot({ seat, box, fence: null, hostFor: (fence) => hosts.hostOf({ seat, box, fence }) }),
  }
}

function balancerFor(world: World, deployer: Deployer): Balancer {
  const machines = world.balancers.map((balancer) => fakeBalancer(seatAt(world, deployer, balancer), balancer))
  const [only, ...others] = machines
  if (only === undefined) return noBalancer()
  return others.length === 0 ? only : every(machines)
}
