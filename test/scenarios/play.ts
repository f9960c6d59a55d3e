/** Plays a scenario on an imagined fleet, in virtual time: what is asked, one after another, and what happens meanwhile. */
import type { Report } from '../../src/rollout/report.ts'
import { type Actor, enter, names } from './actor.ts'
import { type At, createAgenda } from './agenda.ts'
import { type Asked, configure, readCommand } from './asked.ts'
import { tellEnd, tellWhatIs } from './end.ts'
import { happen } from './happenings.ts'
import { type Act, type Planned, plainCommand, readScenario } from './header.ts'
import { hostsOf, type Stage, setStage } from './stage.ts'
import { createTelling, linesOf, tell } from './telling.ts'

/** An operator has read what was said, and asks for the next. Long enough for what was under way to end. */
const betweenMs = 5 * 60_000
const actMsMax = 12 * 60 * 60_000

/** What happens, line by line. Rejects where the scenario is not understood, or something in it never happens. */
export async function play(header: string): Promise<readonly string[]> {
  const scenario = await readScenario(header)
  const { config, problems } = configure(scenario.settings, hostsOf(scenario))
  if (problems.length > 0) return ['exit 2: the configuration is refused', ...problems.map((text) => `  ${text}`)]
  const stage = setStage(scenario, config, createTelling())
  const plainly = await readCommand(plainCommand)
  for (const [index, act] of scenario.acts.entries()) {
    if (index > 0) await pass(stage, betweenMs)
    await playAct(stage, act, { index, plainly })
  }
  return linesOf(stage.telling)
}

async function playAct(
  stage: Stage,
  act: Act,
  { index, plainly }: { readonly index: number; readonly plainly: Asked },
): Promise<void> {
  const { telling, scenario, actors, time } = stage
  if (index > 0) tell(telling, '')
  if (scenario.acts.length > 1) tell(telling, `${names[actors.length] ?? ''}: ${act.asked.command}`)
  const agenda = createAgenda(act, time, happenOn(stage, act, plainly))
  agenda.begin()
  const actor = enterBeside(stage, act, agenda.hear)
  const isOver = (): boolean => !agenda.isWaiting() && actors.every(({ deployer }) => deployer.life === 'dead')
  const ending = await time.run({ isOver, untilMs: time.now() + actMsMax })
  if (ending !== 'over') throw new Error(`${actor.name} does not come to an end`)
  agenda.assertOver()
  if (actor.end !== null) return
  await pass(stage, betweenMs)
  telling.by = []
  tellWhatIs(stage)
}

function enterBeside(stage: Stage, act: Act, onReport: (actor: Actor, report: Report) => void): Actor {
  return enter(stage, act, {
    onReport,
    onEnd: (actor, end) => {
      tellEnd(stage, actor, end)
      stage.telling.by = stage.telling.by.filter((name) => name !== actor.name)
    },
  })
}

async function pass({ time }: Stage, ms: number): Promise<void> {
  const untilMs = time.now() + ms
  // Something has to happen then, or time would not come so far.
  time.at(untilMs, () => undefined)
  await time.run({ isOver: () => time.now() >= untilMs, untilMs })
}

/** `plainly`: what is asked by somebody who comes meanwhile. */
function happenOn(stage: Stage, { settings }: Act, plainly: Asked): (planned: Planned, at: At) => void {
  const deployBeside = (): void => {
    const withoutRelease = new Map([...settings].filter(([key]) => key !== 'release'))
    enterBeside(stage, { asked: plainly, settings: withoutRelease, happenings: [] }, () => undefined)
  }
  return ({ what, when }, { moment, actor }) => {
    // That a step fails is told by the step.
    if (!what.startsWith('it ')) tell(stage.telling, `! ${what}`)
    const [step = '', host = ''] = moment.replace('going back: ', '').split(' ')
    happen(stage, what, { step, host, actor, isUnderWay: when.kind === 'during', deployBeside })
  }
}
