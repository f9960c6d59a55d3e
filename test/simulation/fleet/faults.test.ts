import { describe, expect, it } from 'vitest'
import type { Depot } from '../../../src/hosts/depot.ts'
import { startMs, virtualTime } from '../clock/timeline.ts'
import { random } from '../random.ts'
import { standOn } from './beginnings.ts'
import { createDeployer, type Deployer, die } from './deployer.ts'
import { type Dials, quiet } from './dials.ts'
import { cutFromDeployer, giveHostPower, loseHostPower, mendToDeployer } from './machines.ts'
import { type Ports, portsFor } from './ports.ts'
import { isWell, leaveOut } from './rotation.ts'
import { type Box, boxOf, createWorld, type World } from './world.ts'

const hourMs = 3_600_000
const old = '20261120120000-aaaaaaa'
const commands = { directory: null, commands: ['sleep 10'], env: {} }
const running = { what: 'it failed', timeoutMs: 60_000 }

describe('on an imagined fleet', () => {
  it('a lock is kept by its heartbeat, and given up a minute after the last one', async () => {
    const { world, ada, played, depot } = imagine()
    const lock = await played(depot.lock(ownerOf(ada), { isAgain: false }))
    const { clock } = portsFor(world, ada)
    clock.every(10_000, () => lock.beat())
    await played(clock.sleep(300_000))
    const { box, grace, depotOf } = imagineSecond(world)
    await expect(played(depotOf(grace).lock(ownerOf(grace), { isAgain: false }))).rejects.toMatchObject({
      code: 'locked',
    })
    cutFromDeployer(world, box, ada)
    const { clock: otherClock } = portsFor(world, grace)
    await played(otherClock.sleep(45_000))
    await expect(played(depotOf(grace).lock(ownerOf(grace), { isAgain: false }))).rejects.toMatchObject({
      code: 'locked',
    })
    await played(otherClock.sleep(20_000))
    await played(depotOf(grace).lock(ownerOf(grace), { isAgain: false }))
    await played(lock.ended)
    mendToDeployer(world, box, ada)
    await expect(played(depot.lock(ownerOf(ada), { isAgain: true }))).rejects.toMatchObject({ code: 'locked' })
    await expect(played(depot.guarded(ownerOf(ada).token).depot.activate(old))).rejects.toMatchObject({
      code: 'locked',
    })
  })

  it('a dead deployer hears nothing, and its lock goes with it', async () => {
    const { world, time, ada, played, depot, box } = imagine()
    await played(depot.lock(ownerOf(ada), { isAgain: false }))
    let heard = 0
    const hear = (): void => {
      heard++
    }
    depot.inspect().then(hear, hear)
    const { clock } = portsFor(world, ada)
    clock.sleep(10).then(hear, time.fail)
    clock.every(10, hear)
    die(world, ada, 'killed')
    depot.inspect().then(hear, hear)
    expect(await time.run({ isOver: () => false, untilMs: startMs + hourMs })).toBe('idle')
    expect(heard).toBe(0)
    expect(box.holding).toBeNull()
    expect(box.disk.lock?.token).toBe(ownerOf(ada).token)
  })

  it('a step whose connection was lost goes on, and the next one waits for its end', async () => {
    const { world, time, ada, played, depot, box } = imagine()
    await played(depot.lock(ownerOf(ada), { isAgain: false }))
    const { depot: guarded } = depot.guarded(ownerOf(ada).token)
    const { clock } = portsFor(world, ada)
    const slow = guarded.run({ ...commands, commands: ['sleep 20'] }, running).catch((error: unknown) => error)
    await played(clock.sleep(100))
    cutFromDeployer(world, box, ada)
    expect(await played(slow)).toMatchObject({ code: 'host-unreachable' })
    mendToDeployer(world, box, ada)
    await played(depot.lock(ownerOf(ada), { isAgain: true }).catch(() => null))
    const beforeMs = time.now()
    await played(guarded.activate(old))
    expect(time.now() - startMs).toBeGreaterThan(20_000)
    expect(beforeMs - startMs).toBeLessThan(20_000)
    const longer = guarded.run({ ...commands, commands: ['sleep 40'] }, running)
    await played(clock.sleep(100))
    await expect(played(guarded.activate(old))).rejects.toMatchObject({ code: 'host-command' })
    await played(longer)
  })

  it('a line that is cut for a moment only delays, and one that stays cut is found out', async () => {
    const { world, time, ada, played, depot, box } = imagine()
    const first = depot.run(commands, running)
    time.after(9_900, () => cutFromDeployer(world, box, ada))
    time.after(10_500, () => mendToDeployer(world, box, ada))
    await played(first)
    cutFromDeployer(world, box, ada)
    const beforeMs = time.now()
    await expect(played(depot.inspect())).rejects.toMatchObject({ code: 'host-unreachable' })
    expect(time.now() - beforeMs).toBeLessThan(16_000)
  })

  it('a host that loses its power forgets what was under way, and keeps its disk', async () => {
    const { world, time, played, depot, box } = imagine()
    const first = depot.layOut({ id: '20261121031500-aaaaaaa', sha: 'a'.repeat(40) })
    time.after(60, () => loseHostPower(world, box))
    await expect(played(first)).rejects.toMatchObject({ code: 'host-unreachable' })
    expect(isWell(world, 'web-1')).toBe(false)
    giveHostPower(world, box, 'starts')
    await played(portsFor(world, createDeployer('grace')).clock.sleep(5_000))
    expect(isWell(world, 'web-1')).toBe(true)
    expect((await played(depot.inspect())).releases).toEqual([old])
  })

  it.each<readonly [dial: keyof Dials, code: string, done: 'done' | 'not done' | 'either']>([
    ['failsBefore', 'host-command', 'not done'],
    ['failsAfter', 'host-command', 'done'],
    ['failsHalfWay', 'host-command', 'not done'],
    ['hangs', 'host-command', 'either'],
    ['losesConnection', 'host-unreachable', 'either'],
  ])('%s: the deployer hears of %s, and what it asked is %s', async (dial, code, done) => {
    const seen = new Set<boolean>()
    for (let seed = 1; seed <= 20; seed++) {
      const { world, played, depot, box } = imagine(seed)
      world.dials = { ...quiet, [dial]: 1 }
      await expect(played(depot.note(manifestOf(box)))).rejects.toMatchObject({ code })
      seen.add(box.disk.manifests.get(old)?.state === 'failed')
    }
    expect(seen).toEqual(new Set({ done: [true], 'not done': [false], either: [false, true] }[done]))
  })

  it('of several processes only one may be reloaded', async () => {
    const { world, played, ports, box } = imagine()
    world.dials = { ...quiet, failsHalfWay: 1 }
    const [machine] = ports.machines
    const before = box.app.processes.map(({ pid }) => pid)
    const activation = { directory: '', current: '', commands: [], env: {}, environment: 'production' }
    if (machine === undefined) throw new Error('a fleet without hosts')
    const reload = ports.processesOf('pm2').reload(machine.host, activation, { timeoutMs: 60_000 })
    await expect(played(reload)).rejects.toMatchObject({ code: 'host-command' })
    expect(box.app.processes.filter(({ pid }) => before.includes(pid))).toHaveLength(1)
    expect(box.app.processes).toHaveLength(2)
  })

  it('requests that run when a host is taken out end after a while, or after minutes', async () => {
    const { world, time, played, ports } = imagine()
    const drain = async (host: string): Promise<number> => {
      const [balancer] = world.balancers
      if (balancer === undefined) throw new Error('no balancer')
      leaveOut(world, balancer, { out: [host], byHand: [], who: { kind: 'operator' } })
      const beforeMs = time.now()
      await played(ports.balancer.drained(host, { timeoutMs: hourMs }))
      return time.now() - beforeMs
    }
    expect(await drain('web-1')).toBeLessThan(100)
    world.dials = { ...quiet, traffic: 1 }
    expect(await drain('web-2')).toBeLessThan(5_000)
    world.dials = { ...quiet, traffic: 1, longRequest: 1 }
    expect(await drain('web-1')).toBeGreaterThan(5_000)
  })
})

interface Imagination {
  readonly world: World
  readonly time: ReturnType<typeof virtualTime>
  readonly ada: Deployer
  readonly ports: Ports
  readonly depot: Depot
  readonly box: Box
  /** Lets time pass until it has settled. */
  readonly played: <Value>(promise: Promise<Value>) => Promise<Value>
}

function imagine(seed = 1): Imagination {
  const time = virtualTime()
  const world = createWorld({ time, dice: random(seed), hosts: ['web-1', 'web-2'], balancers: 1 })
  standOn(world, { id: old, sha: 'a'.repeat(40) })
  const ada = createDeployer('ada')
  const ports = portsFor(world, ada)
  const played = async <Value>(promise: Promise<Value>): Promise<Value> => {
    let isOver = false
    const end = (): void => {
      isOver = true
    }
    promise.then(end, end)
    await time.run({ isOver: () => isOver, untilMs: time.now() + hourMs })
    return promise
  }
  return { world, time, ada, ports, depot: depotFor(world, ada), box: boxOf(world, 'web-1'), played }
}

function imagineSecond(world: World) {
  const depotOf = (deployer: Deployer): Depot => depotFor(world, deployer)
  return { box: boxOf(world, 'web-1'), grace: createDeployer('grace'), depotOf }
}

function depotFor(world: World, deployer: Deployer): Depot {
  const [machine] = portsFor(world, deployer).machines
  if (machine === undefined) throw new Error('a fleet without hosts')
  return machine.depot
}

function ownerOf({ name }: Deployer) {
  return { token: `token of ${name}`, by: name, pid: 1, since: '2026-11-21T03:15:00.000Z', command: 'deploy' }
}

function manifestOf({ disk }: Box) {
  const manifest = disk.manifests.get(old)
  if (manifest === undefined) throw new Error('nothing stands there')
  return { ...manifest, state: 'failed' as const }
}
