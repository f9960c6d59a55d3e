/** Somebody who deploys in a scenario: the production engine, on the ports of the imagined fleet. */
import { commandText } from '../../src/commands/deploying.ts'
import { takeOrStop } from '../../src/commands/take-lock.ts'
import { deploy } from '../../src/engine/deploy.ts'
import type { Fleet } from '../../src/engine/fleet.ts'
import { type Interruption, interruptible } from '../../src/engine/interruption.ts'
import { takeLock } from '../../src/engine/lock.ts'
import { UserError } from '../../src/errors.ts'
import type { Outcome } from '../../src/rollout/model.ts'
import type { ExitCode, Report } from '../../src/rollout/report.ts'
import { push } from '../simulation/fleet/beginnings.ts'
import { createDeployer, type Deployer } from '../simulation/fleet/deployer.ts'
import { cutFromDeployer } from '../simulation/fleet/machines.ts'
import { answerFromElsewhere, answerOf } from './answer.ts'
import { fleetFor, orderFor } from './commission.ts'
import { createFaults, type Faults } from './faults.ts'
import type { Act } from './header.ts'
import { commitOf } from './release.ts'
import type { Stage } from './stage.ts'
import { tellReport } from './telling.ts'

export interface Actor {
  readonly name: string
  readonly token: string
  readonly act: Act
  readonly deployer: Deployer
  readonly faults: Faults
  readonly interrupt: () => void
  /** null: it goes on, or its deployer is dead. */
  end: End | null
}

export type End =
  | { readonly exitCode: ExitCode; readonly outcome: Outcome; readonly command: string }
  | { readonly exitCode: ExitCode; readonly error: UserError }

/** In the order in which they come. */
export const names = ['ada', 'bob', 'carol', 'dora']

export interface Hearing {
  /** Of what begins before it is told, of what ends after it. */
  readonly onReport: (actor: Actor, report: Report) => void
  readonly onEnd: (actor: Actor, end: End) => void
}

export function enter(stage: Stage, act: Act, hearing: Hearing): Actor {
  const { world, actors, telling } = stage
  const name = names[actors.length] ?? 'somebody'
  pushFor(stage, act)
  let interrupted: (count: number) => void = () => undefined
  const interruption = interruptible((handler) => {
    interrupted = handler
  })
  const actor: Actor = {
    name,
    token: `token of ${name}`,
    act,
    deployer: createDeployer(name),
    faults: createFaults(),
    interrupt: () => interrupted(1),
    end: null,
  }
  for (const place of [...world.hosts.values(), ...world.balancers])
    if (stage.unreachable.has(place.name)) cutFromDeployer(world, place, actor.deployer)
  actors.push(actor)
  telling.by = [...telling.by, name]
  run(stage, actor, { interruption, onReport: hearing.onReport })
    .catch(refusal)
    .then((end) => {
      hearing.onEnd(actor, end)
      actor.end = end
      actor.deployer.life = 'dead'
    })
    .catch((error: unknown) => world.time.fail(error))
  return actor
}

/** The first has something new in any case. */
function pushFor(stage: Stage, { settings }: Act): void {
  const pushed = settings.get('release') ?? (stage.commits === 1 ? 'well' : null)
  if (pushed !== null) push(stage.world, 'main', commitOf(pushed, `${++stage.commits}`.repeat(40)))
}

async function run(
  stage: Stage,
  actor: Actor,
  { interruption, onReport }: Pick<Hearing, 'onReport'> & { readonly interruption: Interruption },
): Promise<End> {
  let finished: Pick<Extract<Report, { type: 'finished' }>, 'outcome' | 'command'> | null = null
  const fleet = fleetFor(stage, actor, (report) => {
    const isBegun = report.type === 'step' && report.state === 'started'
    if (isBegun) onReport(actor, report)
    tellReport(stage.telling, actor.name, report)
    if (report.type === 'paused') answerFromElsewhere(stage, actor)
    if (report.type === 'finished') finished = report
    if (!isBegun) onReport(actor, report)
  })
  const order = await interruption.orStop(orderFor(stage, actor, fleet))
  const lock = await takeOrStop(interruption, (isWanted) =>
    takeLock(fleet, ownerOf(stage, actor, fleet), { waitMs: 0, isWanted }),
  )
  try {
    const company = {
      startedMs: fleet.clock.now(),
      interruption,
      findings: [],
      askPerson: (withdrawn: Promise<void>) => askAtTerminal(fleet, actor.act, withdrawn),
      onGoal: async () => undefined,
      beforePrepare: async () => undefined,
    }
    const exitCode = await deploy({ fleet, lock, order, company })
    if (finished === null) throw new Error('it has ended, and did not say how')
    const { outcome, command } = finished
    return { exitCode, outcome, command }
  } finally {
    await lock.release()
  }
}

function ownerOf({ config }: Stage, { name, token, act }: Actor, { clock }: Fleet) {
  const since = new Date(clock.now()).toISOString()
  return { token, by: name, pid: 1, since, command: commandText(config, act.asked.wishes.goal) }
}

async function askAtTerminal({ clock }: Fleet, act: Act, withdrawn: Promise<void>): Promise<'resume' | 'abort' | null> {
  const answer = answerOf(act)
  if (answer === null || answer.isElsewhere) return null
  return Promise.race([clock.sleep(answer.afterMs).then(() => answer.what), withdrawn.then(() => null)])
}

/** As `cli.ts` turns what was refused into an exit code. */
function refusal(error: unknown): End {
  if (!(error instanceof UserError)) throw error
  return { exitCode: error.code === 'locked' ? 5 : error.code === 'interrupted' ? 130 : 1, error }
}
