/** The truth about an imagined fleet: plain, and changed only by the functions beside it, each of which says so here. */
import type { Answer, Pause } from '../../../src/hosts/depot.ts'
import type { HistoryEntry, Manifest, MigrationEntry } from '../../../src/hosts/history.ts'
import type { Current } from '../../../src/hosts/inspection.ts'
import type { JournalEntry } from '../../../src/hosts/journal.ts'
import { type Layout, layout } from '../../../src/hosts/layout.ts'
import type { LockOwner } from '../../../src/hosts/lock.ts'
import type { Process } from '../../../src/processes/processes.ts'
import type { HostName, ReleaseId } from '../../../src/rollout/model.ts'
import type { Timeline } from '../clock/timeline.ts'
import type { Dice } from '../random.ts'
import { type Change, type Happening, sentence, type Wellness, type Who } from './change.ts'
import { type Dials, quiet } from './dials.ts'
import type { Holding } from './holding.ts'
import type { Repository } from './repository.ts'
import type { Seat } from './seat.ts'
import { freeStep, type Step } from './step.ts'

/** A machine: a host of the fleet, or one of the balancer. */
export interface Place {
  readonly name: string
  power: 'on' | 'off'
  /** Grows with each loss of power: what was under way before it is no more. */
  boot: number
  /** Names of the deployers that cannot reach it. */
  readonly cutFrom: Set<string>
  /** Who talks to it. */
  readonly seats: Set<Seat>
}

/** A machine that has a lock. */
export interface LockBox extends Place {
  readonly disk: { lock: LockOwner | null }
  /** The connection that holds the lock; the file on the disk may outlive it. */
  holding: Holding | null
}

export interface Box extends LockBox {
  readonly disk: Disk
  readonly app: App
  /** The guarded step that runs: one at a time. Anew with each boot. */
  step: Step
}

export interface Disk {
  isSetUp: boolean
  /** What the repository was when it was fetched last. */
  readonly mirror: { readonly refs: Map<string, string>; readonly commits: Set<string> }
  readonly releases: Map<ReleaseId, { readonly sha: string; built: 'no' | 'half' | 'whole' }>
  /** Releases that were laid out half. */
  readonly parts: Set<ReleaseId>
  /** What releases share. */
  readonly shared: Set<string>
  readonly manifests: Map<ReleaseId, Manifest>
  current: Current
  readonly history: HistoryEntry[]
  readonly migrations: MigrationEntry[]
  readonly journal: JournalEntry[]
  lock: LockOwner | null
  pause: Pause | null
  answer: Answer | null
}

export interface App {
  processes: readonly AppProcess[]
  readonly mode: 'fork' | 'cluster'
  readonly workers: number
}

export interface AppProcess {
  /** 0 once its manager has given it up. */
  pid: number
  readonly directory: string
  status: Process['status']
  restarts: number
  wellness: Wellness
  /** Its manager waits for it. */
  onListening: (() => void) | null
}

export interface BalancerBox extends LockBox {
  readonly cutFromHosts: Set<HostName>
  out: readonly HostName[]
  /** Those whom a deploy took out. */
  ours: readonly HostName[]
  /** The deploy whose doing the out set is; null: another hand's. */
  by: string | null
  /** When each request that still ran as its host was taken out will have ended. */
  readonly requests: Map<HostName, readonly number[]>
}

export interface World {
  readonly time: Timeline
  readonly dice: Dice
  dials: Dials
  readonly layout: Layout
  readonly hosts: ReadonlyMap<HostName, Box>
  readonly balancers: readonly BalancerBox[]
  /** There is a pool for each, as for each host. */
  readonly batches: readonly (readonly HostName[])[]
  readonly repository: Repository
  nextPid: number
  /** Hears of each change, after it. What it throws ends the run. */
  onChange: (change: Change) => void
  /** null: nobody reads it. */
  trace: string[] | null
}

export interface Imagined {
  readonly time: Timeline
  readonly dice: Dice
  readonly hosts: readonly HostName[]
  /** How many machines the balancer has; 0: there is none. */
  readonly balancers: number
  readonly batches?: readonly (readonly HostName[])[]
  readonly mode?: App['mode']
  readonly workers?: number
}

export function createWorld(imagined: Imagined): World {
  const { time, dice, hosts, balancers, batches = hosts.map((host) => [host]) } = imagined
  return {
    time,
    dice,
    dials: quiet,
    layout: layout('/srv/shop'),
    hosts: new Map(hosts.map((name) => [name, createBox(name, imagined)])),
    balancers: Array.from({ length: balancers }, (_, index) => createBalancer(`lb-${index + 1}`)),
    batches,
    repository: { refs: new Map(), commits: new Map() },
    nextPid: 100,
    onChange: () => {},
    trace: null,
  }
}

function createPlace(name: string): Place {
  return { name, power: 'on', boot: 1, cutFrom: new Set(), seats: new Set() }
}

function createBox(name: HostName, { mode = 'cluster', workers = 2 }: Imagined): Box {
  return {
    ...createPlace(name),
    disk: {
      isSetUp: false,
      mirror: { refs: new Map(), commits: new Set() },
      releases: new Map(),
      parts: new Set(),
      shared: new Set(),
      manifests: new Map(),
      current: { kind: 'none' },
      history: [],
      migrations: [],
      journal: [],
      lock: null,
      pause: null,
      answer: null,
    },
    app: { processes: [], mode, workers },
    holding: null,
    step: freeStep(),
  }
}

function createBalancer(name: string): BalancerBox {
  const locked = { disk: { lock: null }, holding: null }
  return { ...createPlace(name), ...locked, cutFromHosts: new Set(), out: [], ours: [], by: null, requests: new Map() }
}

/** Every change of the world is told here, after it. */
export function happen(world: World, who: Who, happening: Happening): void {
  const change: Change = { ...happening, who }
  world.trace?.push(`${clockTime(world.time.now())} ${sentence(change)}`)
  world.onChange(change)
}

export function boxOf(world: World, host: HostName): Box {
  const box = world.hosts.get(host)
  if (box === undefined) throw new Error(`there is no host ${host}`)
  return box
}

/** On the machines' own time: for what takes a while there. */
export function passed({ time }: World, ms: number): Promise<void> {
  return new Promise((resolve) => time.after(ms, resolve))
}

/** From the least to the most, both included. */
export function between({ dice }: World, least: number, most: number): number {
  return least + dice.below(most - least + 1)
}

export function clockTime(ms: number): string {
  return new Date(ms).toISOString().slice(11, 23)
}
