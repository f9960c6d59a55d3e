/** The hosts of `ground.ts`, imagined: what stands on them is in memory, and whatever is done there is done at once. */

import { fakeBalancer, fakeState } from '../balancers/fake-balancer.ts'
import type { Timeline } from '../simulation/clock/timeline.ts'
import { push } from '../simulation/fleet/beginnings.ts'
import { createDeployer } from '../simulation/fleet/deployer.ts'
import { portsFor } from '../simulation/fleet/ports.ts'
import { wellCommit } from '../simulation/fleet/repository.ts'
import { type Box, boxOf, createWorld } from '../simulation/fleet/world.ts'
import { random } from '../simulation/random.ts'
import { type FakeClock, fakeClock } from './fake-clock.ts'
import { apps, entry, fleet, manifest, process, shaOf } from './fakes.ts'
import { look, v1, v2 } from './ground.ts'

/** Every host runs v1, and has v2 prepared; `sha` is what `main` leads to. */
export function imagined(names: readonly string[], change: Parameters<typeof fleet>[0] = {}) {
  const clock = change.clock ?? fakeClock()
  const world = createWorld({ time: atOnce(clock), dice: random(1), hosts: names, balancers: 0 })
  const { layout } = world
  const sha = shaOf('3')
  push(world, 'main', wellCommit(sha))
  const activeOn = (name: string): string => {
    const { current } = boxOf(world, name).disk
    return current.kind === 'release' ? current.id : ''
  }
  const running = apps((name, path) => (path === layout.current ? `${layout.releases}/${activeOn(name)}` : path))
  const balancer = fakeState(names)
  for (const name of names) {
    standOnV1(boxOf(world, name))
    running.of(name).processes = [process({ pid: 1, cwd: `${layout.releases}/${v1}` })]
  }
  const all = fleet({
    machines: portsFor(world, createDeployer('ada')).machines,
    balancer: fakeBalancer(balancer),
    health: running.health,
    processesOf: (_, machine) => running.processes(machine),
    ...change,
    clock,
  })
  const active = (): string[] => names.map(activeOn)
  return { fleet: all, apps: running, balancer, look: () => look(all), active, world, sha, repo: 'shop.git' }
}

function standOnV1({ disk }: Box): void {
  disk.isSetUp = true
  for (const each of [manifest(v1, { verifiedAt: '2026-11-01T00:00:00.000Z' }), manifest(v2, { state: 'prepared' })]) {
    disk.releases.set(each.id, { sha: each.sha, built: 'whole' })
    disk.manifests.set(each.id, each)
  }
  disk.current = { kind: 'release', id: v1 }
  disk.history.push(entry(v1))
}

/** The time of these tests is the deployer's: only he waits for something. */
function atOnce(clock: FakeClock): Timeline {
  const after = (_: number, happen: () => void): (() => void) => {
    const soon = setImmediate(happen)
    return () => clearImmediate(soon)
  }
  return {
    now: () => clock.now(),
    after,
    at: (_, happen) => void setImmediate(happen),
    fail: (error) =>
      queueMicrotask(() => {
        throw error
      }),
  }
}
