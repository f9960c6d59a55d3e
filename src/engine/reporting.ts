import { isServing } from '../rollout/fleet.ts'
import type { Action, Event, HostName, Observation, ReleaseId, Rollout } from '../rollout/model.ts'
import type { Report } from '../rollout/report.ts'
import type { Clock } from './clock.ts'

export interface Reporting {
  readonly onEvent: (event: Event, rollout: Rollout, log: string | null) => void
  /** How long each host has been out of rotation by this rollout. */
  readonly outMs: () => Readonly<Record<HostName, number>>
}

/** Draws the facts of a rollout as reports: what began and ended, how long it took, how many serve. */
export function reportRollout(report: (report: Report) => void, clock: Clock, total: number): Reporting {
  const startedAt = new Map<Action, number>()
  const out = createStopwatch(clock)
  let servingSaid = -1
  const sayServing = (observed: Observation, fleet: Rollout['fleet']): void => {
    const serving = fleet.filter(({ host }) => isServing(observed, host)).length
    if (serving === servingSaid) return
    servingSaid = serving
    report({ type: 'serving', serving, total })
  }
  const onEvent = (event: Event, rollout: Rollout, log: string | null): void => {
    if (event.type === 'started') startedAt.set(event.action, clock.now())
    if (event.type === 'interrupted')
      report({
        type: 'note',
        level: 'warning',
        text: `${event.reason}: no new batch; the host under way is finished or turned back`,
      })
    if (event.type === 'done' && event.action.type === 'publish') out.follow(event.action.out)
    const text = event.type === 'observed' || event.type === 'interrupted' ? null : stepReport(event, rollout)
    if (text !== null && event.type !== 'observed' && event.type !== 'interrupted') {
      const tookMs = clock.now() - (startedAt.get(event.action) ?? clock.now())
      report({
        ...text,
        ...(event.type === 'started' ? {} : { tookMs }),
        ...(event.type === 'failed' ? { reason: event.reason } : {}),
        ...(log === null || log === '' ? {} : { log }),
      })
    }
    sayServing(rollout.observed, rollout.fleet)
  }
  return { onEvent, outMs: out.read }
}

type StepReport = Extract<Report, { type: 'step' }>

function stepReport(event: Exclude<Event, { type: 'observed' | 'interrupted' }>, rollout: Rollout): StepReport | null {
  const { action } = event
  const common = { type: 'step', state: event.type } as const
  switch (action.type) {
    case 'observe':
    case 'give-up':
      return event.type === 'failed' ? { ...common, hosts: [], step: 'take-out', release: null, back: false } : null
    case 'publish':
      return {
        ...common,
        hosts: action.hosts,
        step: action.step,
        release: releaseOf(rollout, action.hosts),
        back: isBack(rollout, action.hosts),
      }
    case 'step':
      return {
        ...common,
        hosts: [action.host],
        step: action.step,
        release: action.release,
        back: isBack(rollout, [action.host]),
      }
    case 'stop':
      return { ...common, hosts: [action.host], step: 'stop', release: action.release, back: true }
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
