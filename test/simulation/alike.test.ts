/** The bad releases of the lab, on an imagined fleet: they must end alike. */
import { expect, test } from 'vitest'
import { BAD_AT_ONCE, BAD_ELSEWHERE, type BadEnd, type BadRelease } from '../lab/bad-releases.ts'
import { virtualTime } from './clock/timeline.ts'
import { push, standOn } from './fleet/beginnings.ts'
import { isInRotation, isWell } from './fleet/rotation.ts'
import { boxOf, createWorld, type World } from './fleet/world.ts'
import { type Actor, begin } from './play/actor.ts'
import { imagine, type Story } from './play/story.ts'
import { random } from './random.ts'

const v1 = { id: '20261120120000-1111111', sha: '1'.repeat(40) }
const bad = '2'.repeat(40)
const hosts = ['web-1', 'web-2'] as const
/** How long everything takes is drawn anew for each. */
const seedsMax = 20
const deployMsMax = 60 * 60_000

test.each([...BAD_AT_ONCE, ...BAD_ELSEWHERE])(
  '$release ends as on real machines: $end.kind, $end.exitCode',
  async (badRelease) => {
    for (let seed = 1; seed <= seedsMax; seed++)
      expect(await play(badRelease, seed), `seed ${seed}`).toEqual(badRelease.end)
  },
)

async function play({ imagined, policy }: BadRelease, seed: number): Promise<BadEnd> {
  const time = virtualTime()
  const dice = random(seed)
  const world = createWorld({ time, dice, hosts, balancers: 1 })
  standOn(world, v1)
  push(world, 'main', { ...imagined, sha: bad })
  const [act] = imagine(dice).acts
  if (act === undefined) throw new Error('nobody deploys')
  const actor = begin({
    world,
    story: storyOf(dice, policy),
    name: 'ada',
    act: { ...act, kind: 'deploy', migrate: 'none', skip: [] },
    migrateAnswer: null,
    answering: null,
  })
  const untilMs = time.now() + deployMsMax
  const ending = await time.run({ isOver: () => actor.end !== null, untilMs })
  expect(ending).toBe('over')
  return endOf(world, actor)
}

function storyOf(dice: ReturnType<typeof random>, { stableMs, soakMs, onFailure }: BadRelease['policy']): Story {
  return {
    ...imagine(dice),
    hosts,
    balancers: 1,
    mode: 'cluster',
    hasHealth: true,
    batches: hosts.map((host) => ({ hosts: [host], pause: false })),
    minServing: 1,
    onFailure,
    onDrainTimeout: 'fail',
    times: { passes: 2, stableMs, drainTimeoutMs: 60_000, soakMs },
  }
}

function endOf(world: World, { end }: Actor): BadEnd {
  if (end === null) throw new Error('it did not end')
  const [first, second] = hosts
  return {
    kind: end.outcome?.kind ?? 'refused',
    exitCode: end.exitCode,
    serving: [servingOn(world, first), servingOn(world, second)],
  }
}

/** By what is so, not by what it says. */
function servingOn(world: World, host: string): 'v1' | 'the bad one' {
  expect([isInRotation(world, host), isWell(world, host)]).toEqual([true, true])
  const running = new Set(boxOf(world, host).app.processes.map(({ directory }) => directory.split('/').at(-1)))
  expect(running.size).toBe(1)
  return running.has(v1.id) ? 'v1' : 'the bad one'
}
