/** Judges what a deploy says in the end by what is so. */
import type { HostOutcome } from '../../../src/rollout/model.ts'
import { isInRotation, isWell } from '../fleet/rotation.ts'
import { boxOf, type World } from '../fleet/world.ts'
import type { Actor, End } from './actor.ts'
import { broken, type Checker, isOut } from './promises.ts'
import type { Story } from './story.ts'
import { giveUpSilent, toldOf } from './witness.ts'

/** Changed by nobody's step so shortly before it was asked last: the question may have come too early. */
const marginMs = 12_000

/**
 * As far as anybody can know who asks the host and the balancer: that the line between them was cut meanwhile is seen
 * by neither. Without a health check, running processes have to do.
 */
export function isServing(world: World, { hasHealth }: Story, host: string): boolean {
  const { power, app } = boxOf(world, host)
  const isUp = power === 'on' && app.processes.some(({ status }) => status === 'online')
  return (hasHealth ? isWell(world, host) : isUp) && world.balancers.every(({ out }) => !out.includes(host))
}

export interface Judging {
  readonly world: World
  readonly story: Story
  readonly checker: Checker
  /** Hosts that served when it began. */
  readonly servedAtStart: readonly string[]
}

export function judge(judging: Judging, actor: Actor, end: End): void {
  const { outcome, exitCode } = end
  const bug = [outcome?.failure, end.error?.message, ...(outcome?.hosts.map(({ reason }) => reason) ?? [])].find(
    (text) => text?.includes('a mistake in zdr-deploy'),
  )
  if (bug !== undefined) throw new Error(String(bug))
  if (outcome !== null)
    for (const host of outcome.hosts) if (!isExcused(judging, actor, host.host)) judgeHost(judging, actor, host)
  if (exitCode === 0) judgeSuccess(judging, actor, end)
  if (exitCode !== 4) judgeUnhurt(judging, actor, exitCode)
}

/** Nobody could know by the last questions. */
function isExcused({ checker, world }: Judging, { witness }: Actor, host: string): boolean {
  const told = toldOf(witness, host)
  giveUpSilent(told, world.time.now())
  const { askedMs } = told
  return checker.struckMs(host) >= askedMs - marginMs || checker.handMs(witness) >= witness.lookMs - marginMs
}

function judgeHost({ world, story }: Judging, actor: Actor, { host, state, release }: HostOutcome): void {
  const box = boxOf(world, host)
  const runs = box.app.processes.filter(({ pid }) => pid !== 0)
  const runsRelease =
    release === null ||
    release.startsWith('something') ||
    runs.every(({ directory }) => directory.endsWith(`/${release}`))
  const hasRotation = story.balancers > 0 && story.hosts.length > 1
  switch (state) {
    case 'serving':
      if (!isServing(world, story, host)) throw broken(7, `${host} is said to serve, and does not`)
      if (!runsRelease) throw broken(7, `${host} is said to run ${release}, and does not`)
      return
    case 'out by hand':
      if (!isWell(world, host) || !runsRelease)
        throw broken(7, `${host} is said to be well with ${release}, and is not`)
      return
    case 'lost':
      if (hasRotation && !isOut(world.balancers, host))
        throw broken(7, `${host} is said to be lost, and is in rotation`)
      return
    case 'skipped':
      if (hasRotation && actor.end?.outcome?.kind !== 'incomplete' && isInRotation(world, host))
        throw broken(7, `${host} is said to be kept out, and is in rotation`)
      return
    case 'stopped':
      if (runs.length > 0) throw broken(7, `the processes of ${host} are said to be stopped, and run`)
      return
    case 'not serving':
    case 'unknown':
  }
}

function judgeSuccess(judging: Judging, actor: Actor, { outcome }: End): void {
  const { act, witness } = actor
  const hosts = outcome?.hosts.filter(({ state }) => state !== 'skipped') ?? []
  if (hosts.some(({ release }) => release !== witness.goal))
    throw broken(8, 'exit code 0, and not every host is on the release')
  if (!act.allowSkipped && act.skip.length > 0) throw broken(8, 'exit code 0, and a host was skipped')
  const wrong = hosts.find(({ host, state }) => {
    const isFine = state === 'serving' ? isServing(judging.world, judging.story, host) : state === 'out by hand'
    return !isFine && !isExcused(judging, actor, host)
  })
  if (wrong !== undefined) throw broken(8, `exit code 0, and ${wrong.host} is ${wrong.state}`)
}

/** Whatever it says but "someone should look": who served before serves now, unless something happened to it. */
function judgeUnhurt(
  { world, story, checker, servedAtStart }: Judging,
  { act, beganMs, witness }: Actor,
  exitCode: number,
): void {
  const hurt = servedAtStart.find(
    (host) =>
      !act.skip.includes(host) &&
      !isServing(world, story, host) &&
      checker.struckMs(host) < beganMs &&
      checker.handMs(witness) < beganMs,
  )
  if (hurt !== undefined) throw broken(8, `exit code ${exitCode}, and ${hurt}, which served, does not`)
}
