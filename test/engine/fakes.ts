/** An app on each host, in memory: what its processes are, and how it answers, is there to be seen and changed. */
import { realpathSync } from 'node:fs'
import { basename } from 'node:path'
import { noBalancer } from '../../src/balancers/none.ts'
import type { Fleet, Machine, Times } from '../../src/engine/fleet.ts'
import type { HostView } from '../../src/engine/inspect.ts'
import type { FleetLock } from '../../src/engine/lock.ts'
import { UserError } from '../../src/errors.ts'
import type { Health } from '../../src/health/health.ts'
import type { Depot } from '../../src/hosts/depot.ts'
import type { HistoryEntry, Manifest } from '../../src/hosts/history.ts'
import type { Host } from '../../src/hosts/host.ts'
import type { Inspection } from '../../src/hosts/inspection.ts'
import { layout } from '../../src/hosts/layout.ts'
import { defaultLimits } from '../../src/hosts/limits.ts'
import type { Process, Processes } from '../../src/processes/processes.ts'
import type { Report } from '../../src/rollout/report.ts'
import { type FakeClock, fakeClock } from './fake-clock.ts'
import { refusingDepot } from './refusing-depot.ts'

export const shaOf = (digit: string): string => digit.repeat(40)

export function manifest(id: string, change: Partial<Manifest> = {}): Manifest {
  return {
    id,
    sha: shaOf(id.slice(-1)),
    ref: 'main',
    state: 'verified',
    at: '2026-11-21T03:00:00.000Z',
    prepare: ['npm ci'],
    activate: ['pm2 reload app.config.js'],
    env: {},
    environment: 'production',
    manager: 'pm2',
    ...change,
  }
}

export function entry(release: string, kind: HistoryEntry['kind'] = 'deploy'): HistoryEntry {
  return { at: '2026-11-21T03:00:00.000Z', release, sha: shaOf(release.slice(-1)), kind, by: 'ada@laptop' }
}

export function process(change: Partial<Process> = {}): Process {
  return { name: 'shop', pid: 200, status: 'online', cwd: null, script: null, restarts: 0, mode: 'cluster', ...change }
}

/** A machine that no script is ever run on, and whose depot is not to be asked but for what a test gives it. */
export function machine(name: string, base = '/var/www/shop', given: Partial<Depot> = {}): Machine {
  const refuse = (): Promise<never> => Promise.reject(new Error(`${name} is not to be asked`))
  const host: Host = { name, address: name, run: refuse, hold: refuse, close: async () => {} }
  return { name, host, layout: layout(base), depot: { ...refusingDepot(refuse), ...given } }
}

interface Seen extends Partial<Inspection> {
  readonly host?: string
  /** Verified, and well. */
  readonly runs?: string | null
}

/** What was seen of a host; the folders and manifests of `releases` are there where nothing else is said. */
export function view({ host = 'a', runs = null, ...seen }: Seen = {}): HostView {
  const releases = seen.releases ?? seen.manifests?.map(({ id }) => id) ?? []
  const inspection: Inspection = {
    current: runs === null ? { kind: 'none' } : { kind: 'release', id: runs },
    manifests: releases.map((id) => manifest(id)),
    history: [],
    migrations: [],
    journal: [],
    unreadable: [],
    freeBytes: null,
    freeInodes: null,
    ...seen,
    releases,
  }
  return { machine: machine(host), inspection, processes: [], fault: null, answer: null, healthy: runs !== null, runs }
}

/** Each host's app: it runs what `current` led to when it was reloaded last. */
export interface App {
  processes: readonly Process[]
  /** It answers nothing at all. */
  isDown: boolean
  reloads: number
}

export interface Apps {
  readonly of: (host: string) => App
  /** Releases that never answer healthily, wherever they run; or `b/<release>`, on that host. */
  readonly bad: Set<string>
  readonly processes: (machine: Machine) => Processes
  readonly health: Health
}

/** `realPath`: of a path on that host, its links resolved. */
export function apps(realPath = (_host: string, path: string): string => realpathSync(path)): Apps {
  const byHost = new Map<string, App>()
  const bad = new Set<string>()
  let nextPid = 100
  const of = (host: string): App => {
    const app = byHost.get(host) ?? { processes: [], isDown: false, reloads: 0 }
    byHost.set(host, app)
    return app
  }
  const running = ({ processes, isDown }: App): readonly Process[] => (isDown ? [] : processes)
  return {
    of,
    bad,
    processes: ({ name }) => ({
      kind: 'pm2',
      tools: [],
      running: async () => running(of(name)),
      isPinned: () => false,
      reload: async (_, { current }) => {
        const app = of(name)
        if (app.isDown) throw new UserError('host-command', `${name}: pm2 ended with 1`)
        const before = app.processes
        app.reloads += 1
        app.processes = [process({ pid: nextPid++, cwd: realPath(name, current) })]
        return before
      },
      stop: async () => {
        of(name).processes = []
      },
      log: async (_host, { directory }) => `the last lines of ${basename(directory)}\n`,
    }),
    health: {
      check: async ({ name }) => {
        const [first] = running(of(name))
        if (first === undefined) return { healthy: false, detail: 'connection refused' }
        const release = basename(first.cwd ?? '')
        const isBad = bad.has(release) || bad.has(`${name}/${release}`)
        return isBad ? { healthy: false, detail: '500' } : { healthy: true, detail: '200' }
      },
    },
  }
}

export const times: Times = {
  passes: 2,
  intervalMs: 500,
  stableMs: 3_000,
  soakMs: 0,
  pauseTimeoutMs: 60_000,
  startMs: 10_000,
  drainTimeoutMs: 5_000,
  silentMs: 8_000,
}

export interface FakeFleet extends Fleet {
  readonly clock: FakeClock
  readonly reports: readonly Report[]
}

/** A fleet without a balancer and without an app, where nothing else is said. */
export function fleet(change: Partial<Fleet> & { readonly clock?: FakeClock } = {}): FakeFleet {
  const reports: Report[] = []
  return {
    environment: 'production',
    machines: [],
    skipped: [],
    balancer: noBalancer(),
    health: null,
    defaultManager: 'pm2',
    processesOf: () => {
      throw new Error('no process manager')
    },
    times,
    limits: defaultLimits,
    onDrainTimeout: 'fail',
    report: (report) => reports.push(report),
    reports,
    ...change,
    clock: change.clock ?? fakeClock(),
  }
}

/** A lock that is always ours. */
export const ours: FleetLock = {
  token: 'ours',
  guarded: async (each) => each,
  assertOurs: async () => {},
  release: async () => {},
}
