/** What one deployer was told, and when: the only thing by which it may be judged. */
import type { Balancer } from '../../../src/balancers/balancer.ts'
import type { Answer, Health } from '../../../src/health/health.ts'
import type { Host } from '../../../src/hosts/host.ts'
import type { Process, Processes } from '../../../src/processes/processes.ts'
import type { HostName, ReleaseId } from '../../../src/rollout/model.ts'
import type { Report } from '../../../src/rollout/report.ts'
import type { Timeline } from '../clock/timeline.ts'

/** As the engine is told, too: see `Times.silentMs`. */
export const silentMs = 8_000

export interface Told {
  /** When it was told last that the host is well, and that it is not. */
  wellMs: number
  illMs: number
  /** When what it was told last was asked. */
  askedMs: number
  /** When it was told last what its processes are. */
  listedMs: number
  /** Since when it is watched in rotation, and which processes were met first there since. */
  soak: { readonly beganMs: number; pids: readonly number[] | null } | null
  /** When the balancer said last that it gets an answer from it. */
  reachedMs: number
  /** When each question was asked that has no answer yet. */
  readonly open: number[]
}

export interface Witness {
  readonly name: string
  readonly token: string
  /** Hosts that it goes on without: it knows nothing of them. */
  readonly skip: readonly HostName[]
  readonly told: Map<HostName, Told>
  /** When what the balancer said last was asked. */
  lookMs: number
  /** Hosts on which it has begun to change something, and what it had seen of the balancer by then. */
  readonly touchedFrom: Map<HostName, number>
  readonly reports: Report[]
  /** It has ended, or was ended: nobody hears of it any more. */
  isOver: boolean
  /** Judges what it says as it says it. */
  onReport: (report: Report) => void
  /** The release that it is about, once it is known. */
  goal: ReleaseId | null
}

export function createWitness(name: string, token: string, skip: readonly HostName[]): Witness {
  return {
    name,
    token,
    skip,
    told: new Map(),
    lookMs: never,
    touchedFrom: new Map(),
    reports: [],
    isOver: false,
    onReport: () => undefined,
    goal: null,
  }
}

/** What it says of itself. */
export function hear(witness: Witness, report: Report, nowMs: number): void {
  witness.reports.push(report)
  witness.onReport(report)
  if (report.type !== 'step' || report.state !== 'started') return
  if (report.step === 'soak')
    for (const host of report.hosts) toldOf(witness, host).soak = { beganMs: nowMs, pids: null }
  if (report.step === 'activate' || report.step === 'stop')
    for (const host of report.hosts) witness.touchedFrom.set(host, witness.lookMs)
}

export const never = Number.NEGATIVE_INFINITY

export function toldOf({ told }: Witness, host: HostName): Told {
  const known = told.get(host) ?? nothingTold()
  told.set(host, known)
  return known
}

function nothingTold(): Told {
  const moments = { wellMs: never, illMs: never, askedMs: never, listedMs: never, reachedMs: never }
  return { ...moments, soak: null, open: [] }
}

export function witnessHealth(health: Health, witness: Witness, time: Timeline): Health {
  return {
    check: (host, url) => {
      const heard = hearAnswer(witness, host.name, time)
      const hear = (answer: Answer): Answer => {
        heard(answer.healthy)
        return answer
      }
      return health.check(host, url).then(hear, (error: unknown) => {
        heard(false)
        throw error
      })
    },
  }
}

function hearAnswer(witness: Witness, host: HostName, time: Timeline): (isWell: boolean) => void {
  const askedMs = time.now()
  const told = toldOf(witness, host)
  told.open.push(askedMs)
  return (isWell) => {
    giveUpSilent(told, time.now())
    const index = told.open.indexOf(askedMs)
    // Late: silence was as good as a no until now. It may have been waited for all the same.
    if (index === -1 && !isWell) return
    if (index !== -1) told.open.splice(index, 1)
    told.askedMs = Math.max(told.askedMs, askedMs)
    if (isWell) told.wellMs = time.now()
    else told.illMs = time.now()
  }
}

/** Who says nothing for so long is not well. */
export function giveUpSilent(told: Told, nowMs: number): void {
  for (const askedMs of told.open.filter((ms) => ms + silentMs <= nowMs)) {
    told.open.splice(told.open.indexOf(askedMs), 1)
    told.askedMs = Math.max(told.askedMs, askedMs)
    told.illMs = Math.max(told.illMs, askedMs + silentMs)
  }
}

/** Without a health check, running processes have to do. */
export function witnessProcesses(
  processes: Processes,
  witness: Witness,
  { isHealth, time }: { readonly isHealth: boolean; readonly time: Timeline },
): Processes {
  return {
    ...processes,
    running: async (host: Host, activation) => {
      const heard = isHealth ? hearAnswer(witness, host.name, time) : () => undefined
      try {
        const running = await processes.running(host, activation)
        listed(toldOf(witness, host.name), running, time.now())
        heard(running.some(({ status }) => status === 'online'))
        return running
      } catch (error) {
        heard(false)
        throw error
      }
    },
  }
}

function listed(told: Told, running: readonly Process[], nowMs: number): void {
  told.listedMs = nowMs
  if (told.soak !== null) told.soak.pids ??= running.map(({ pid }) => pid)
}

export function witnessBalancer(balancer: Balancer, witness: Witness, time: Timeline): Balancer {
  return {
    ...balancer,
    observe: async () => {
      const askedMs = time.now()
      const view = await balancer.observe()
      witness.lookMs = Math.max(witness.lookMs, askedMs)
      return view
    },
    reaches: async (host, options) => {
      await balancer.reaches(host, options)
      toldOf(witness, host).reachedMs = time.now()
    },
  }
}
