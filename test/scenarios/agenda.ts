/** What is to happen in an act, and when. */
import type { Report } from '../../src/rollout/report.ts'
import type { Timeline } from '../simulation/clock/timeline.ts'
import type { Actor } from './actor.ts'
import type { Act, Planned } from './header.ts'

/** `going back: reload web-2`, and whose it is; null: nobody is at it yet. */
export interface At {
  readonly moment: string
  readonly actor: Actor | null
}

const nothingYet: At = { moment: '', actor: null }

export function createAgenda({ happenings }: Act, time: Timeline, happens: (planned: Planned, at: At) => void) {
  const left = new Set(happenings)
  const met = new Map<string, number>()
  const fire = (planned: Planned, at: At): void => {
    left.delete(planned)
    happens(planned, at)
    const next = happenings[happenings.indexOf(planned) + 1]
    if (next !== undefined) fireLater(next, at)
  }
  const fireLater = (planned: Planned, at: At): void => {
    if (planned.when.kind === 'later') time.after(planned.when.ms, () => fire(planned, at))
  }
  const meet = (kind: 'during' | 'after', at: At): void => {
    const count = (met.get(`${kind} ${at.moment}`) ?? 0) + 1
    met.set(`${kind} ${at.moment}`, count)
    const name = `${at.moment}${count === 2 ? ' again' : ''}`
    for (const planned of [...left]) if (planned.when.kind === kind && planned.when.moment === name) fire(planned, at)
  }
  return {
    begin: (): void => {
      const [first] = happenings
      if (first !== undefined) fireLater(first, nothingYet)
      for (const planned of happenings) if (planned.when.kind === 'before') fire(planned, nothingYet)
    },
    hear: (actor: Actor, report: Report): void => {
      for (const [kind, moment] of momentsOf(report)) meet(kind, { moment, actor })
    },
    /** Something has happened that another thing is to follow. */
    isWaiting: (): boolean => happenings.some((planned, index) => isDue(planned, happenings[index - 1], left)),
    assertOver: (): void => {
      const [never] = left
      if (never !== undefined) throw new Error(`it never happened that ${never.what}`)
    },
  }
}

function isDue(planned: Planned, before: Planned | undefined, left: ReadonlySet<Planned>): boolean {
  return planned.when.kind === 'later' && left.has(planned) && (before === undefined || !left.has(before))
}

function momentsOf(report: Report): readonly (readonly ['during' | 'after', string])[] {
  if (report.type === 'paused') return report.after.map((host) => ['during', `pause ${host}`] as const)
  if (report.type !== 'step') return []
  const kind = report.state === 'started' ? 'during' : 'after'
  return report.hosts.map((host) => [kind, `${report.back ? 'going back: ' : ''}${report.step} ${host}`] as const)
}
