/** Whole deploys over a ground: hosts that are real shells, or imagined; an app and a balancer in memory. */
import { deploy } from '../../src/engine/deploy.ts'
import type { Machine } from '../../src/engine/fleet.ts'
import { interruptible } from '../../src/engine/interruption.ts'
import type { FleetLock } from '../../src/engine/lock.ts'
import type { Company, Order } from '../../src/engine/order.ts'
import type { ExitCode, Report } from '../../src/rollout/report.ts'
import { manifest, ours } from './fakes.ts'
import { ground, type Repository, repository, v1 } from './ground.ts'
import { imagined } from './imagined.ts'

export interface Given {
  readonly order?: Partial<Order>
  readonly company?: Partial<Company>
  readonly lock?: FleetLock
  /** Hosts that this deploy goes on without. */
  readonly skip?: readonly string[]
  /** Each machine as this deploy has it. */
  readonly through?: (machine: Machine) => Machine
  /** Hears every report, and may change the world or ask to end. */
  readonly meanwhile?: (report: Report, interrupt: () => void) => void
}

export interface Deployed {
  readonly code: ExitCode
  readonly reports: readonly Report[]
  readonly finished: Extract<Report, { type: 'finished' }> | undefined
}

/** Every host runs v1; `goal` is what a deploy of `main` brings. */
export function deployment(names: readonly string[], change: Parameters<typeof ground>[1] = {}) {
  return deploymentOn(names, { ...ground(names, change), ...repository() })
}

/** The same on imagined hosts, at a tenth of the cost: for what does not depend on how a host does it. */
export function imaginedDeployment(names: readonly string[], change: Parameters<typeof imagined>[1] = {}) {
  return deploymentOn(names, imagined(names, change))
}

function deploymentOn<On extends ReturnType<typeof ground> & Repository>(names: readonly string[], on: On) {
  const { repo, sha } = on
  const { activate, environment, manager } = manifest(v1)
  const order: Order = {
    wish: { kind: 'ref', ref: 'main' },
    recipe: { prepare: ['echo built >> built'], activate, env: {}, environment, manager },
    source: { repo, depth: null },
    uploads: [],
    isFresh: false,
    onFirst: [],
    before: [],
    policy: {
      batches: names.map((host) => ({ hosts: [host], pause: false })),
      minServing: 1,
      onFailure: 'rollback',
      soak: true,
    },
    keep: 5,
    migration: null,
    allowDowntime: false,
    allowSkipped: false,
    by: 'ada@laptop',
    answers: null,
  }
  let runs = 0
  const run = (given: Given = {}): Promise<Deployed> => {
    runs += 1
    // Each run has a token of its own, as each process does.
    const lock = { ...ours, token: `run ${runs}` }
    return runOn(on, { lock, ...given, order: { ...order, ...given.order } })
  }
  return { ...on, goal: `20261121031500-${sha.slice(0, 7)}`, policy: order.policy, recipe: order.recipe, run }
}

interface Running extends Given {
  readonly order: Order
}

async function runOn({ fleet }: ReturnType<typeof ground>, running: Running): Promise<Deployed> {
  const { order, company, lock = ours, skip = [], through = (each) => each, meanwhile } = running
  const reports: Report[] = []
  let heard: (count: number) => void = () => undefined
  const interruption = interruptible((handler) => {
    heard = handler
  })
  const report = (each: Report): void => {
    reports.push(each)
    fleet.report(each)
    meanwhile?.(each, () => heard(1))
  }
  const machines = fleet.machines.filter(({ name }) => !skip.includes(name)).map(through)
  const code = await deploy({
    fleet: { ...fleet, machines, skipped: skip, report },
    lock,
    order,
    company: {
      startedMs: fleet.clock.now(),
      interruption,
      askPerson: async () => null,
      findings: [],
      onGoal: async () => undefined,
      beforePrepare: async () => undefined,
      ...company,
    },
  })
  return { code, reports, finished: reports.flatMap((each) => (each.type === 'finished' ? [each] : [])).at(-1) }
}

export function isStep(report: Report, step: string, host: string): boolean {
  return report.type === 'step' && report.state === 'started' && report.step === step && report.hosts.includes(host)
}

/** What was said beside the steps. */
export function notes(reports: readonly Report[]): readonly string[] {
  return reports.flatMap((report) => (report.type === 'note' ? [report.text] : []))
}

export async function histories({ look }: Pick<ReturnType<typeof deployment>, 'look'>) {
  const views = await look()
  return views.map(({ inspection }) => inspection.history.map(({ kind, release }) => `${kind} ${release}`))
}
