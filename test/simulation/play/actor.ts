/** Somebody runs a whole deploy: the production engine, on the ports of an imagined fleet. */

import { takeOrStop } from '../../../src/commands/take-lock.ts'
import { deploy } from '../../../src/engine/deploy.ts'
import type { Fleet } from '../../../src/engine/fleet.ts'
import { interruptible } from '../../../src/engine/interruption.ts'
import { takeLock } from '../../../src/engine/lock.ts'
import type { Order } from '../../../src/engine/order.ts'
import { UserError } from '../../../src/errors.ts'
import { defaultLimits } from '../../../src/hosts/limits.ts'
import type { Outcome } from '../../../src/rollout/model.ts'
import type { ExitCode } from '../../../src/rollout/report.ts'
import { createDeployer, type Deployer } from '../fleet/deployer.ts'
import { portsFor } from '../fleet/ports.ts'
import { clockTime, type World } from '../fleet/world.ts'
import type { Answering } from './answering.ts'
import type { Act, Story } from './story.ts'
import { tellReport } from './telling.ts'
import {
  createWitness,
  hear,
  silentMs,
  type Witness,
  witnessBalancer,
  witnessHealth,
  witnessProcesses,
} from './witness.ts'

export const pauseTimeoutMs = 30_000
export const migration = 'npm run migrate'

export interface Actor {
  readonly act: Act
  readonly deployer: Deployer
  readonly witness: Witness
  readonly beganMs: number
  readonly interrupt: () => void
  /** Resolves, and never rejects but for a mistake of ours, when it has ended; never, where its deployer died. */
  readonly ended: Promise<void>
  /** null: it has not ended, or never will. */
  end: End | null
}

export interface End {
  readonly exitCode: ExitCode
  /** null: it was refused before the rollout. */
  readonly outcome: Outcome | null
  readonly error: UserError | null
}

export interface Casting {
  readonly world: World
  readonly story: Story
  readonly name: string
  readonly act: Act
  readonly migrateAnswer: 'again' | null
  readonly answering: Answering | null
}

export function begin({ world, story, name, act, migrateAnswer, answering }: Casting): Actor {
  const deployer = createDeployer(name)
  const witness = createWitness(name, `token of ${name}`, act.skip)
  let interrupted: (count: number) => void = () => undefined
  const fleet = fleetFor({ world, story, deployer, witness, act })
  const interruption = interruptible((handler) => {
    interrupted = handler
  })
  const run = async (): Promise<End> => {
    const owner = {
      token: witness.token,
      by: name,
      pid: 1,
      since: '2026-11-21T03:15:00Z',
      command: `${act.kind} production`,
    }
    const lock = await takeOrStop(interruption, (isWanted) => takeLock(fleet, owner, { waitMs: 0, isWanted }))
    try {
      const exitCode = await deploy({
        fleet,
        lock,
        order: orderOf(story, act, { name, migrateAnswer, answering }),
        company: {
          startedMs: fleet.clock.now(),
          interruption,
          findings: [],
          askPerson: (withdrawn) => askAtTerminal(fleet, act, withdrawn),
          onGoal: async ({ manifest }) => {
            witness.goal = manifest.id
          },
          beforePrepare: async () => undefined,
        },
      })
      return { exitCode, outcome: outcomeOf(witness), error: null }
    } finally {
      await lock.release()
    }
  }
  const actor: Actor = {
    act,
    deployer,
    witness,
    beganMs: world.time.now(),
    interrupt: () => interrupted(1),
    end: null,
    ended: run()
      .catch(refusal)
      .then(
        (end) => {
          actor.end = end
        },
        (error: unknown) => world.time.fail(error),
      ),
  }
  return actor
}

function fleetFor({
  world,
  story,
  deployer,
  witness,
  act,
}: Omit<Casting, 'name' | 'migrateAnswer' | 'answering'> & {
  readonly deployer: Deployer
  readonly witness: Witness
}): Fleet {
  const { time } = world
  const ports = portsFor(world, deployer)
  return {
    environment: 'production',
    machines: ports.machines.filter(({ name }) => !act.skip.includes(name)),
    skipped: act.skip,
    // Without a health check there is nothing that could be asked by way of the balancer.
    balancer: witnessBalancer(
      story.hasHealth ? ports.balancer : { ...ports.balancer, reaches: async () => undefined },
      witness,
      time,
    ),
    health: story.hasHealth ? witnessHealth(ports.health, witness, time) : null,
    defaultManager: 'pm2',
    processesOf: (manager) =>
      witnessProcesses(ports.processesOf(manager), witness, { time, isHealth: !story.hasHealth }),
    times: { ...story.times, intervalMs: 500, startMs: 10_000, pauseTimeoutMs, silentMs },
    limits: defaultLimits,
    onDrainTimeout: story.onDrainTimeout,
    clock: ports.clock,
    report: (report) => {
      hear(witness, report, time.now())
      const said = world.trace === null ? null : tellReport(report)
      if (said !== null) world.trace?.push(`${clockTime(time.now())} ${witness.name} says: ${said}`)
    },
  }
}

function orderOf(
  { batches, minServing, onFailure, keep, times }: Story,
  { kind, migrate, allowSkipped }: Act,
  { name, migrateAnswer, answering }: Pick<Casting, 'name' | 'migrateAnswer' | 'answering'>,
): Order {
  return {
    wish: answering?.wish ?? (kind === 'deploy' ? { kind: 'ref', ref: 'main' } : { kind: 'release', release: 1 }),
    recipe: {
      prepare: ['npm ci'],
      activate: ['pm2 startOrReload ecosystem.config.js'],
      env: {},
      environment: 'production',
      manager: 'pm2',
    },
    source: { repo: 'git@git.example.com:shop.git', depth: null },
    uploads: [],
    isFresh: false,
    onFirst: [],
    before: [],
    policy: { batches, minServing, onFailure, soak: times.soakMs > 0 },
    keep,
    migration: migrate === 'none' ? null : { command: migration, answer: migrateAnswer },
    allowDowntime: true,
    allowSkipped,
    by: name,
    answers: answering?.token ?? null,
  }
}

async function askAtTerminal(
  { clock }: Fleet,
  { answer }: Act,
  withdrawn: Promise<void>,
): Promise<'resume' | 'abort' | null> {
  if (answer.at !== 'the terminal' || answer.what === 'nothing') return null
  const { what } = answer
  return Promise.race([clock.sleep(answer.afterMs).then(() => what), withdrawn.then(() => null)])
}

function outcomeOf({ reports }: Witness): Outcome {
  const finished = reports.findLast((report) => report.type === 'finished')
  if (finished?.type !== 'finished') throw new Error('it has ended, and did not say how')
  return finished.outcome
}

/** As `cli.ts` turns what was refused into an exit code. */
function refusal(error: unknown): End {
  if (!(error instanceof UserError)) throw error
  const exitCode = error.code === 'locked' ? 5 : error.code === 'interrupted' ? 130 : 1
  return { exitCode, outcome: null, error }
}
