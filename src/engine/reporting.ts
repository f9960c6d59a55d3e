import { servingCount } from '../rollout/fleet.ts'
import type { Action, Event, HostName, ReleaseId, Rollout } from '../rollout/model.ts'
import type { Report } from '../rollout/report.ts'
import type { Clock } from './clock.ts'
import { isAwaited } from './roll.ts'

export interface Reporting {
  readonly onEvent: (event: Event, rollout: Rollout, log: string | null) => void
  /** How long each host has been out of rotation by this rollout. */
  readonly outMs: () => Readonly<Record<HostName, number>>
}

/** Draws the facts of a rollout as reports: what began and ended, how long it took, how many serve. */
export function reportRollout(report: (report: Report) => void, clock: Clock, total: number): Reporting {
  const under = new Map<Action, Begun>()
  const out = createStopwatch(clock)
  let servingSaid = -1
  let before: Rollout | null = null
  const sayServing = (rollout: Rollout): void => {
    const serving = servingCount(rollout)
    if (serving !== servingSaid) report({ type: 'serving', serving, total })
    servingSaid = serving
  }
  const reportOf = (event: Event, rollout: Rollout, log: string | null): Report | null => {
    switch (event.type) {
      case 'observed':
        return null
      case 'interrupted':
        return warning(`${event.reason}: no new batch; the host under way is finished or turned back`)
      case 'started': {
        const step = stepOf(event.action, rollout)
        if (step === null) return null
        under.set(event.action, { step, startedMs: clock.now() })
        return { ...step, state: 'started' }
      }
      case 'done':
      case 'failed': {
        const begun = under.get(event.action)
        // Nobody waits for it any more: "soaked" would be told of a soak that was broken off.
        if (begun !== undefined && before !== null && !isAwaited(before, event.action)) return null
        if (begun !== undefined) return endOf(begun, { event, log, nowMs: clock.now() })
        return event.type === 'failed' ? warning(event.reason) : null
      }
    }
  }
  const onEvent: Reporting['onEvent'] = (event, rollout, log) => {
    if (event.type === 'done' && event.action.type === 'publish') out.follow(leftOutByUs(event.action.out, rollout))
    const said = reportOf(event, rollout, log)
    if (said !== null) report(said)
    sayServing(rollout)
    before = rollout
  }
  return { onEvent, outMs: out.read }
}

/** Those that an operator left out are not out by this rollout. */
function leftOutByUs(out: readonly HostName[], { observed }: Rollout): readonly HostName[] {
  return out.filter((host) => !observed.byHand.includes(host))
}

type StepReport = Extract<Report, { type: 'step' }>

/** As it was when it began: by its end the host may already be going back. */
interface Begun {
  readonly step: Omit<StepReport, 'state'>
  readonly startedMs: number
}

interface Ended {
  readonly event: Extract<Event, { type: 'done' | 'failed' }>
  readonly log: string | null
  readonly nowMs: number
}

function endOf({ step, startedMs }: Begun, { event, log, nowMs }: Ended): StepReport {
  const tookMs = nowMs - startedMs
  if (event.type === 'done') return { ...step, state: 'done', tookMs }
  return { ...step, state: 'failed', tookMs, reason: event.reason, ...(log === null || log === '' ? {} : { log }) }
}

function warning(text: string): Report {
  return { type: 'note', level: 'warning', text }
}

/** null: nothing that is done to a host. */
function stepOf(action: Action, rollout: Rollout): Begun['step'] | null {
  switch (action.type) {
    case 'observe':
    case 'pause':
    case 'give-up':
      return null
    case 'publish': {
      const { step, hosts } = action
      return { type: 'step', hosts, step, release: releaseOf(rollout, hosts), back: isBack(rollout, hosts) }
    }
    case 'step': {
      const { step, host, release } = action
      return { type: 'step', hosts: [host], step, release, back: isBack(rollout, [host]) }
    }
    case 'stop':
      return { type: 'step', hosts: [action.host], step: 'stop', release: action.release, back: true }
  }
}

function releaseOf({ fleet }: Rollout, hosts: readonly HostName[]): ReleaseId | null {
  return fleet.find(({ host }) => hosts.includes(host))?.target ?? null
}

function isBack({ fleet }: Rollout, hosts: readonly HostName[]): boolean {
  return fleet.some(({ host, returning }) => hosts.includes(host) && returning)
}

function createStopwatch(clock: Clock) {
  const since = new Map<HostName, number>()
  const spent = new Map<HostName, number>()
  const stop = (host: HostName, startedAt: number): void => {
    spent.set(host, (spent.get(host) ?? 0) + clock.now() - startedAt)
    since.delete(host)
  }
  return {
    follow: (out: readonly HostName[]): void => {
      for (const [host, startedAt] of since) if (!out.includes(host)) stop(host, startedAt)
      for (const host of out) if (!since.has(host)) since.set(host, clock.now())
    },
    read: (): Readonly<Record<HostName, number>> => {
      const running = [...since].map(
        ([host, startedAt]) => [host, (spent.get(host) ?? 0) + clock.now() - startedAt] as const,
      )
      return Object.fromEntries([...spent, ...running])
    },
  }
}
