/** One seed: a fleet is imagined, people deploy to it while things go wrong, and in the end one more run has to mend it all. */

import { type VirtualTime, virtualTime } from '../clock/timeline.ts'
import { push, standOn, standOnSomethingElse } from '../fleet/beginnings.ts'
import { die } from '../fleet/deployer.ts'
import { quiet } from '../fleet/dials.ts'
import { letFateWork } from '../fleet/fate.ts'
import { wellCommit } from '../fleet/repository.ts'
import { createWorld, type World } from '../fleet/world.ts'
import { random } from '../random.ts'
import { type Actor, begin, migration } from './actor.ts'
import { answeringOf } from './answering.ts'
import { type Conduct, createConduct } from './conduct.ts'
import { heal } from './heal.ts'
import { isServing, judge } from './judge.ts'
import { broken, type Checker, createChecker } from './promises.ts'
import { type Act, imagine, type Story } from './story.ts'
import { tellStory } from './telling.ts'

/** No deploy of an imagined fleet may take longer, whatever hangs. */
const deployMsMax = 12 * 60 * 60_000

export interface Simulated {
  readonly trace: readonly string[]
  /** The exit code of each deploy that came to its end, in order; the last one is the one that mends, where one had to. */
  readonly exitCodes: readonly number[]
}

export interface Stage {
  readonly story: Story
  readonly world: World
  readonly time: VirtualTime
  readonly checker: Checker
  readonly actors: Actor[]
  readonly conducts: Conduct[]
  /** What is told to happen after so many changes of the world. */
  readonly cues: { at: number; happen: () => void }[]
  changes: number
}

/** Throws where a promise is broken, with the trace where one is kept. */
export async function simulate(seed: number, { traced }: { readonly traced: boolean }): Promise<Simulated> {
  const trace: string[] = []
  try {
    const dice = random(seed)
    const story = imagine(dice)
    if (traced) trace.push(...tellStory(story))
    const stage = setStage(story, dice, traced ? trace : null)
    await play(stage)
    return { trace, exitCodes: stage.actors.flatMap(({ end }) => (end === null ? [] : [end.exitCode])) }
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    throw new Error([`seed ${seed}: ${text}`, ...trace].join('\n'), { cause: error })
  }
}

function setStage(story: Story, dice: ReturnType<typeof random>, trace: string[] | null): Stage {
  const time = virtualTime()
  const world = createWorld({
    time,
    dice,
    hosts: story.hosts,
    balancers: story.balancers,
    batches: story.batches.map(({ hosts }) => hosts),
    mode: story.mode,
  })
  world.trace = trace
  standAtStart(world, story)
  const checker = createChecker(world, story)
  const stage: Stage = { story, world, time, checker, actors: [], conducts: [], cues: [], changes: 0 }
  world.onChange = (change) => {
    checker.see(change)
    for (const conduct of stage.conducts) conduct.see(change)
    stage.changes++
    for (const cue of stage.cues) if (cue.at === stage.changes) cue.happen()
  }
  return stage
}

function standAtStart(world: World, { start, hosts }: Story): void {
  push(world, 'main', wellCommit('1'.repeat(40)))
  if (start === 'a release') standOn(world, { id: '20261120120000-1111111', sha: '1'.repeat(40) })
  if (start === 'something foreign') for (const host of hosts) standOnSomethingElse(world, host)
}

async function play(stage: Stage): Promise<void> {
  const { story, world, actors } = stage
  const callOff = world.time.after(story.quietMs, () => {
    world.dials = story.dials
    for (const { deployer } of actors) if (deployer.life === 'alive') letFateWork(world, [deployer])
  })
  for (const [index, act] of story.acts.entries()) {
    if (act.besideAfter !== null) continue
    const actor = enter(stage, act, `deploy-${index + 1}`)
    const beside = story.acts[index + 1]
    if (beside?.besideAfter !== undefined && beside.besideAfter !== null)
      stage.cues.push({
        at: stage.changes + 1 + beside.besideAfter,
        happen: () => {
          if (actor.end === null) enter(stage, beside, `deploy-${index + 2}`)
        },
      })
    await untilAllEnded(stage)
  }
  callOff()
  stage.cues.length = 0
  if (hasSomethingToMend(stage) || world.dice.chance(mendChance)) await mend(stage)
}

/** Where every deploy ended as it should, by its own account, there is little to mend; it is tried now and then all the same. */
const mendChance = 0.2

function hasSomethingToMend({ actors }: Stage): boolean {
  const isQuiet = (exitCode: number | undefined): boolean => exitCode === 0 || exitCode === 1 || exitCode === 5
  return actors.some(({ end }) => !isQuiet(end?.exitCode))
}

function enter(stage: Stage, asked: Act, name: string, migrateAnswer: 'again' | null = null): Actor {
  const { world, story, checker } = stage
  const answering = answeringOf(world, asked)
  const act: Act = answering?.wish.kind === 'release' ? { ...asked, kind: 'rollback' } : asked
  if (act.commit !== null)
    push(
      world,
      'main',
      act.migrate === 'failing' ? { ...act.commit, failing: [...act.commit.failing, migration] } : act.commit,
    )
  const servedAtStart = story.hosts.filter((host) => isServing(world, story, host))
  const actor = begin({ world, story, name, act, migrateAnswer, answering })
  checker.meet(actor.witness)
  stage.actors.push(actor)
  letFateWork(world, [actor.deployer])
  const subject = { story, act, isAnswer: answering !== null, witness: actor.witness, handMs: checker.handMs }
  const conduct = createConduct(world, subject)
  stage.conducts.push(conduct)
  actor.witness.onReport = (report) => {
    try {
      conduct.hear(report)
    } catch (error) {
      world.time.fail(error)
    }
  }
  void actor.ended.then(() => {
    if (actor.end === null) return
    // Its process has ended, and with it all that it had under way.
    actor.deployer.life = 'dead'
    actor.witness.isOver = true
    world.trace?.push(`${name} ends with ${actor.end.exitCode}: ${actor.end.error?.message ?? actor.end.outcome?.kind}`)
    try {
      judge({ world, story, checker, servedAtStart }, actor, actor.end)
    } catch (error) {
      world.time.fail(error)
    }
  })
  const { dies, interruptedAfter } = act
  if (dies !== null) stage.cues.push({ at: stage.changes + 1 + dies.after, happen: () => fall(stage, actor) })
  if (interruptedAfter !== null)
    stage.cues.push({ at: stage.changes + 1 + interruptedAfter, happen: () => actor.interrupt() })
  if (act.answer.at === 'a host' && act.answer.what !== 'nothing') answerFromAnywhere(stage, actor)
  return actor
}

/** Not in the middle of the change itself: that one is through. */
function fall({ world, time }: Stage, { act, deployer, end, witness }: Actor): void {
  if (act.dies === null || end !== null) return
  const { how } = act.dies
  time.after(0, () => {
    witness.isOver = true
    die(world, deployer, how)
  })
}

function answerFromAnywhere({ world, time }: Stage, { act, witness, deployer }: Actor): void {
  const look = (): void => {
    if (deployer.life === 'dead') return
    for (const { disk } of world.hosts.values())
      if (disk.pause?.token === witness.token && act.answer.what !== 'nothing')
        disk.answer = { token: witness.token, answer: act.answer.what, by: 'bob' }
    time.after(10_000, look)
  }
  time.after(act.answer.afterMs, look)
}

async function untilAllEnded({ time, actors }: Stage): Promise<void> {
  const isOver = (): boolean => actors.every(({ end, deployer }) => end !== null || deployer.life === 'dead')
  const ending = await time.run({ isOver, untilMs: time.now() + deployMsMax })
  if (ending === 'over') return
  const waiting = actors
    .filter(({ end, deployer }) => end === null && deployer.life === 'alive')
    .map(({ deployer }) => deployer.name)
  throw broken(
    7,
    `${waiting.join(', ')} ${ending === 'idle' ? 'waits for something that will never happen' : 'does not come to an end'}`,
  )
}

const mending: Act = {
  kind: 'deploy',
  again: 'the same',
  commit: wellCommit('f'.repeat(40)),
  migrate: 'none',
  skip: [],
  allowSkipped: false,
  answer: { what: 'resume', at: 'the terminal', afterMs: 0 },
  dies: null,
  interruptedAfter: null,
  besideAfter: null,
}

function findings({ actors }: Stage): string {
  const reports = actors.at(-1)?.witness.reports ?? []
  return reports.flatMap((report) => (report.type === 'finding' ? [`${report.host} ${report.text}`] : [])).join('; ')
}

/** An app that falls ill every other second may stop a rollout that was to replace it, for nobody knows that it comes back. */
const flappingRunsMax = 8

function isAnyFlapping({ world }: Stage): boolean {
  return [...world.repository.commits.values()].some(({ behaviour }) => behaviour.kind === 'flaps')
}

async function mendAtMost(stage: Stage, runsMax: number): Promise<Actor['end']> {
  for (let count = 1; ; count++) {
    const actor = enter(stage, mending, count === 1 ? 'the last deploy' : `the last deploy, for the ${count}th time`)
    await untilAllEnded(stage)
    if (actor.end?.exitCode === 0 || count >= runsMax) return actor.end
  }
}

/** Promise 9: nothing has to be repaired by hand. */
async function mend(stage: Stage): Promise<void> {
  const { world, story } = stage
  world.dials = quiet
  await heal(stage)
  const end = await mendAtMost(stage, isAnyFlapping(stage) ? flappingRunsMax : 1)
  if (end?.exitCode !== 0)
    throw broken(
      9,
      `one more run ends with ${end?.exitCode}: ${end?.error?.message ?? end?.outcome?.failure} ${findings(stage)}`,
    )
  const missing = story.hosts.find((host) => !isServing(world, story, host))
  if (missing !== undefined) throw broken(9, `${missing} does not serve after one more run`)
  const locked = [...world.hosts.values(), ...world.balancers].find(({ holding }) => holding !== null)
  if (locked !== undefined) throw broken(9, `${locked.name} is still locked`)
}
