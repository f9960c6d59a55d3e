import { describe, expect, it } from 'vitest'
import { deploy } from '../../../src/engine/deploy.ts'
import { interruptible } from '../../../src/engine/interruption.ts'
import { takeLock } from '../../../src/engine/lock.ts'
import type { Order } from '../../../src/engine/order.ts'
import { defaultLimits } from '../../../src/hosts/limits.ts'
import { startMs, virtualTime } from '../clock/timeline.ts'
import { random } from '../random.ts'
import { push, standOn } from './beginnings.ts'
import { createDeployer, type Deployer, die } from './deployer.ts'
import { quiet } from './dials.ts'
import { letFateWork } from './fate.ts'
import { portsFor } from './ports.ts'
import { wellCommit } from './repository.ts'
import { isServing } from './rotation.ts'
import { createWorld, type World } from './world.ts'

const hourMs = 3_600_000
/** A fleet that is ill is not deployed to: it falls ill afterwards. */
const wildAfterMs = 6_000
const rate = 0.05
const oldSha = 'a'.repeat(40)
const newSha = 'b'.repeat(40)

describe('an imagined fleet', () => {
  it('is deployed to by the production engine where nothing fails', async () => {
    const { world, time } = imagine(1)
    const ada = createDeployer('ada')
    let code: number | null = null
    runDeploy(world, ada).then((end) => {
      code = end
    }, time.fail)
    expect(await time.run({ isOver: () => code !== null, untilMs: startMs + hourMs })).toBe('over')
    expect(code, world.trace?.join('\n')).toBe(0)
    for (const [host, { disk, app }] of world.hosts) {
      expect(isServing(world, host)).toBe(true)
      const id = disk.current.kind === 'release' ? disk.current.id : null
      expect(disk.releases.get(id ?? '')?.sha).toBe(newSha)
      expect(disk.manifests.get(id ?? '')?.state).toBe('verified')
      expect(app.processes.map(({ directory }) => directory)).toEqual([
        `/srv/shop/releases/${id}`,
        `/srv/shop/releases/${id}`,
      ])
      expect(disk.history.at(-1)).toMatchObject({ release: id, kind: 'deploy' })
      expect(disk.lock).toBeNull()
    }
  })

  it('plays the same again from the same seed, whatever goes wrong', async () => {
    const seeds = Array.from({ length: 30 }, (_, index) => index)
    const traces = await Promise.all(seeds.map(play))
    expect(await Promise.all(seeds.map(play))).toEqual(traces)
    expect(new Set(traces.map((trace) => trace?.join('\n'))).size).toBe(seeds.length)
  })

  it('lets a second deployer go on where a first one died', async () => {
    const { world, time } = imagine(3)
    const ada = createDeployer('ada')
    runDeploy(world, ada).catch(time.fail)
    time.after(9_000, () => die(world, ada, 'killed'))
    await time.run({ isOver: () => ada.life === 'dead', untilMs: startMs + hourMs })
    let code: number | null = null
    time.after(61_000, () => {
      runDeploy(world, createDeployer('grace')).then((end) => {
        code = end
      }, time.fail)
    })
    expect(await time.run({ isOver: () => code !== null, untilMs: startMs + hourMs })).toBe('over')
    expect(code, world.trace?.join('\n')).toBe(0)
  })
})

/** With all that can go wrong. */
async function play(seed: number): Promise<readonly string[] | null> {
  const { world, time } = imagine(seed)
  const rates = Object.entries(quiet).map(([dial]) => [dial, dial === 'traffic' ? 1 : rate])
  const ada = createDeployer('ada')
  let isOver = false
  const end = (): void => {
    isOver = true
  }
  runDeploy(world, ada).then(end, end)
  time.after(wildAfterMs, () => {
    world.dials = { ...quiet, ...Object.fromEntries(rates) }
    letFateWork(world, [ada])
  })
  await time.run({ isOver: () => isOver, untilMs: startMs + hourMs })
  return world.trace
}

function imagine(seed: number) {
  const time = virtualTime()
  const world = createWorld({ time, dice: random(seed), hosts: ['web-1', 'web-2', 'web-3'], balancers: 2 })
  world.trace = []
  standOn(world, { id: '20261120120000-aaaaaaa', sha: oldSha })
  push(world, 'main', wellCommit(newSha))
  return { world, time }
}

async function runDeploy(world: World, deployer: Deployer): Promise<number> {
  const ports = portsFor(world, deployer)
  const { name } = deployer
  const owner = { token: `token of ${name}`, by: name, pid: 1, since: '2026-11-21T03:15:00.000Z', command: 'deploy' }
  const lock = await takeLock({ ...ports, report: () => {} }, owner)
  const times = {
    passes: 2,
    intervalMs: 1_000,
    stableMs: 2_000,
    soakMs: 0,
    pauseTimeoutMs: 60_000,
    startMs: 20_000,
    drainTimeoutMs: 30_000,
    silentMs: 10_000,
  }
  const fleet = {
    ...ports,
    environment: 'production',
    skipped: [],
    defaultManager: 'pm2' as const,
    times,
    limits: defaultLimits,
    onDrainTimeout: 'fail' as const,
    report: () => {},
  }
  const company = {
    startedMs: ports.clock.now(),
    interruption: interruptible(() => {}),
    askPerson: async () => null,
    findings: [],
    onGoal: async () => {},
    beforePrepare: async () => {},
  }
  const code = await deploy({ fleet, lock, order: orderFor(world), company })
  await lock.release()
  return code
}

function orderFor(world: World): Order {
  const activate = ['pm2 startOrReload ecosystem.config.js']
  return {
    wish: { kind: 'ref', ref: 'main' },
    recipe: { prepare: ['npm ci'], activate, env: {}, environment: 'production', manager: 'pm2' },
    source: { repo: 'git@example.org:shop.git', depth: null },
    uploads: [],
    isFresh: false,
    onFirst: [],
    before: [],
    policy: {
      batches: [...world.hosts.keys()].map((host) => ({ hosts: [host], pause: false })),
      minServing: 1,
      soak: false,
      onFailure: 'rollback',
    },
    keep: 3,
    migration: null,
    allowDowntime: false,
    allowSkipped: false,
    by: 'ada@laptop',
    answers: null,
  }
}
