/** What becomes of a process once it was started: it comes up, turns ill, dies and is started again, as its commit is. */
import { fate, type Wellness } from './change.ts'
import { type Behaviour, behaviourOn } from './repository.ts'
import { type AppProcess, type Box, between, happen, type World } from './world.ts'

/** From its start until it listens. */
const bootMsMin = 200
const bootMsMax = 2_000
/** So many crashes in a row, and the manager gives it up. */
const crashesMax = 3

/** A process dies by itself, and its manager starts it again. */
export function crash(world: World, box: Box, process: AppProcess): void {
  if (process.pid === 0) return
  turn(world, box, { process, to: 'silent' })
  happen(world, fate, { type: 'ended', host: box.name, pid: process.pid, why: 'died' })
  process.pid = world.nextPid++
  process.restarts++
  happen(world, fate, { type: 'started', host: box.name, pid: process.pid, directory: process.directory })
  boot(world, box, process)
}

export function boot(world: World, box: Box, process: AppProcess): void {
  later(world, box, { process, ms: between(world, bootMsMin, bootMsMax), happens: () => behave(world, box, process) })
}

/** What is no release of ours is well. One that is half built, or that was removed, does not start. */
export function behaviourOf(world: World, box: Box, directory: string): Behaviour {
  const { releases } = world.layout
  if (!directory.startsWith(`${releases}/`)) return { kind: 'well' }
  const release = box.disk.releases.get(directory.slice(releases.length + 1))
  if (release === undefined || release.built === 'half') return { kind: 'throws at boot' }
  const commit = world.repository.commits.get(release.sha)
  return commit === undefined ? { kind: 'well' } : behaviourOn(commit, box.name)
}

function behave(world: World, box: Box, process: AppProcess): void {
  const behaviour = behaviourOf(world, box, process.directory)
  const turnTo = (to: Wellness): void => turn(world, box, { process, to })
  const then = (ms: number, happens: () => void): void => later(world, box, { process, ms, happens })
  switch (behaviour.kind) {
    case 'well':
    case 'keeps old code':
      turnTo('well')
      break
    case 'throws at boot':
      if (process.restarts < crashesMax) crash(world, box, process)
      else giveUp(world, box, process)
      break
    case 'never ready':
      break
    case 'answers 500':
      turnTo('ill')
      break
    case 'dies':
      turnTo('well')
      then(behaviour.afterMs, () => crash(world, box, process))
      break
    case 'ill for a while':
      turnTo('ill')
      then(behaviour.forMs, () => turnTo('well'))
      break
    case 'turns ill':
      turnTo('well')
      then(behaviour.afterMs, () => turnTo('ill'))
      break
    case 'flaps':
      flap(world, box, { process, everyMs: behaviour.everyMs })
  }
}

function flap(
  world: World,
  box: Box,
  { process, everyMs }: { readonly process: AppProcess; readonly everyMs: number },
): void {
  turn(world, box, { process, to: process.wellness === 'well' ? 'ill' : 'well' })
  later(world, box, { process, ms: everyMs, happens: () => flap(world, box, { process, everyMs }) })
}

function giveUp(world: World, box: Box, process: AppProcess): void {
  happen(world, fate, { type: 'ended', host: box.name, pid: process.pid, why: 'given up' })
  process.status = 'errored'
  process.pid = 0
  process.wellness = 'silent'
}

function turn(world: World, box: Box, { process, to }: { readonly process: AppProcess; readonly to: Wellness }): void {
  if (process.wellness === to) return
  process.wellness = to
  happen(world, fate, { type: 'turned', host: box.name, pid: process.pid, to })
  if (to !== 'silent') process.onListening?.()
}

interface Later {
  readonly process: AppProcess
  readonly ms: number
  readonly happens: () => void
}

/** Unless it has ended by then. */
function later(world: World, box: Box, { process, ms, happens }: Later): void {
  const { pid } = process
  world.time.after(ms, () => {
    if (process.pid === pid && box.app.processes.includes(process)) happens()
  })
}
