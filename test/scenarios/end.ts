/** How a deploy ends: what it says, held against what is so. */
import { foreignRelease } from '../../src/engine/fleet.ts'
import { stateWords } from '../../src/output/words.ts'
import type { HostName, HostOutcome, Outcome } from '../../src/rollout/model.ts'
import { isServing } from '../simulation/fleet/rotation.ts'
import { boxOf, type World } from '../simulation/fleet/world.ts'
import type { Actor, End } from './actor.ts'
import type { Stage } from './stage.ts'
import { tell } from './telling.ts'

const indent = '  '

export function tellEnd({ world, telling }: Stage, { name: by }: Actor, end: End): void {
  const say = (text: string): void => tell(telling, text, { by })
  if ('error' in end) {
    const { message, hint, cause } = end.error
    say(`exit ${end.exitCode}: ${message}`)
    if (end.error.code === 'host-command' && cause instanceof Error) say(`  ${cause.message}`)
    if (hint !== undefined) say(`  → ${hint}`)
    return
  }
  const { outcome, command, exitCode } = end
  for (const host of outcome.hosts) assertTrue(world, host)
  const isAsked = command === 'rollback' && outcome.kind === 'deployed'
  say(`exit ${exitCode}: ${isAsked ? 'rolled back, as asked' : outcome.kind}`)
  if (outcome.failure !== null) say(`  because ${outcome.failure}`)
  for (const host of outcome.hosts)
    tell(telling, `${host.release ?? 'nothing certain'}, ${stateText(host, outcome)}`, { of: [host.host], by, indent })
}

function stateText({ host, state, reason }: HostOutcome, { failure }: Outcome): string {
  const isTold = reason === null || failure?.endsWith(reason) === true || failure === `${host}: ${reason}`
  return isTold ? stateWords[state] : `${stateWords[state]} (${reason})`
}

/** A scenario in which a deploy tells what is not so is no example to anybody. */
function assertTrue(world: World, { host, state, release }: HostOutcome): void {
  const isRunning = release === null || release === foreignRelease || runsOn(world, host) === release
  const isOut = world.balancers.every(({ out }) => out.includes(host))
  const hasRotation = world.balancers.length > 0 && world.hosts.size > 1
  const isFalse =
    (state === 'serving' && !(isServing(world, host) && isRunning)) || (state === 'lost' && hasRotation && !isOut)
  if (isFalse) throw new Error(`${host} is said to be ${state} with ${release}, and runs ${runsOn(world, host)}`)
}

/** What nobody lived to tell. */
export function tellWhatIs({ world, telling, hosts }: Stage): void {
  tell(telling, 'so it stands:')
  for (const host of hosts) tell(telling, whatIs(world, host), { of: [host], indent })
}

function whatIs(world: World, host: HostName): string {
  const { current } = boxOf(world, host).disk
  const runs = runsOn(world, host)
  const link = current.kind === 'release' && current.id !== runs ? `, and current leads to ${current.id}` : ''
  const isOut = world.balancers.length > 0 && world.balancers.every(({ out }) => out.includes(host))
  return `${runs} runs${link}; ${isServing(world, host) ? 'it serves' : isOut ? 'it is left out' : 'it does not serve'}`
}

function runsOn(world: World, host: HostName): string {
  const running = boxOf(world, host).app.processes.filter(({ pid }) => pid !== 0)
  const releases = new Set(running.map(({ directory }) => directory.slice(directory.lastIndexOf('/') + 1)))
  return releases.size === 0 ? 'nothing' : [...releases].join(' beside ')
}
