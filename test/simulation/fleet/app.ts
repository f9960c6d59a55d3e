/** The app on a host, and what its process manager does with it. */
import type { Wellness, Who } from './change.ts'
import { behaviourOf, boot } from './process-life.ts'
import { type App, type AppProcess, type Box, happen, passed, type World } from './world.ts'

/** A graceful reload waits so long for a new worker to listen, then goes on. */
const listenMs = 3_000
const stopMs = 100

/** What answers at the app's port; `silent`: nobody. One ill worker of several is an ill app. */
export function wellness({ app }: { readonly app: App }): Wellness {
  const listening = app.processes.filter((process) => process.wellness !== 'silent')
  if (listening.length === 0) return 'silent'
  return listening.every((process) => process.wellness === 'well') ? 'well' : 'ill'
}

/** Starts the app where none runs, from where `current` leads to. */
export function startWorkers(world: World, box: Box, who: Who): void {
  for (let count = 0; count < box.app.workers; count++) startOne(world, box, who)
}

export interface Reloading {
  readonly who: Who
  readonly isHalf: boolean
  readonly isOver: () => boolean
}

/**
 * Makes the processes run what `current` leads to: in cluster mode one after another, the new one first. `isHalf`: ends
 * after the first.
 */
export async function reloadApp(world: World, box: Box, reloading: Reloading): Promise<void> {
  const { who, isHalf, isOver } = reloading
  const next = { directory: currentDirectory(world, box) }
  const old = box.app.processes
  if (behaviourOf(world, box, next.directory).kind === 'keeps old code' && old.length > 0) return
  const times = Math.max(old.length, box.app.workers)
  for (let index = 0; index < times; index++) {
    if (isOver() || (isHalf && index > 0)) return
    const replaced = old[index]
    if (box.app.mode === 'fork' && replaced !== undefined) await stopOne(world, box, { process: replaced, who, isOver })
    if (isOver()) return
    if (index < box.app.workers) await comesUp(world, startOne(world, box, who), isOver)
    if (isOver()) return
    if (box.app.mode === 'cluster' && replaced !== undefined)
      await stopOne(world, box, { process: replaced, who, isOver })
  }
}

export async function stopApp(world: World, box: Box, { who, isHalf, isOver }: Reloading): Promise<void> {
  const [first, ...others] = box.app.processes
  for (const process of isHalf || first === undefined ? [first] : [first, ...others])
    if (process !== undefined && !isOver()) await stopOne(world, box, { process, who, isOver })
}

/** It ran before anybody looked, and is well. */
export function standing(world: World, box: Box, directory: string): void {
  box.app.processes = Array.from({ length: box.app.workers }, () => {
    const process = createProcess(world, directory)
    process.wellness = 'well'
    return process
  })
}

export function currentDirectory({ layout }: World, { disk: { current } }: Box): string {
  switch (current.kind) {
    case 'release':
      return `${layout.releases}/${current.id}`
    case 'other':
      return current.path
    case 'none':
    case 'folder':
      return layout.current
  }
}

function startOne(world: World, box: Box, who: Who): AppProcess {
  const process = createProcess(world, currentDirectory(world, box))
  box.app.processes = [...box.app.processes, process]
  happen(world, who, { type: 'started', host: box.name, pid: process.pid, directory: process.directory })
  boot(world, box, process)
  return process
}

function createProcess(world: World, directory: string): AppProcess {
  return { pid: world.nextPid++, directory, status: 'online', restarts: 0, wellness: 'silent', onListening: null }
}

interface Stopping {
  readonly process: AppProcess
  readonly who: Who
  readonly isOver: () => boolean
}

async function stopOne(world: World, box: Box, { process, who, isOver }: Stopping): Promise<void> {
  await passed(world, stopMs)
  if (isOver() || !box.app.processes.includes(process)) return
  box.app.processes = box.app.processes.filter((each) => each !== process)
  happen(world, who, { type: 'ended', host: box.name, pid: process.pid, why: 'stopped' })
}

/** As long as it says nothing; its machine's manager waits no longer than so. */
function comesUp(world: World, process: AppProcess, isOver: () => boolean): Promise<void> {
  if (process.wellness !== 'silent' || isOver()) return Promise.resolve()
  return new Promise((resolve) => {
    const callOff = world.time.after(listenMs, resolve)
    process.onListening = () => {
      callOff()
      resolve()
    }
  })
}
