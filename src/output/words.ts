/** The words of the glossary, for steps, phases, outcomes and exit codes. */
import type { HostOutcome } from '../rollout/model.ts'
import type { ExitCode, Phase, Report } from '../rollout/report.ts'

export type StepReport = Extract<Report, { type: 'step' }>
type StepName = StepReport['step']
type StepState = StepReport['state']

const stepWords = {
  prepare: { started: 'preparing', done: 'prepared', failed: 'not prepared' },
  'take-out': {
    started: 'taking out of rotation',
    done: 'taken out of rotation',
    failed: 'not taken out of rotation',
  },
  drain: { started: 'waiting until drained', done: 'drained', failed: 'not drained' },
  activate: { started: 'activating', done: 'activated', failed: 'not activated' },
  reload: { started: 'reloading', done: 'reloaded', failed: 'not reloaded' },
  verify: { started: 'verifying', done: 'verified', failed: 'not verified' },
  'put-back': { started: 'putting back', done: 'put back', failed: 'not put back' },
  confirm: { started: 'waiting for the balancer', done: 'serving', failed: 'not seen serving' },
  soak: { started: 'soaking', done: 'soaked', failed: 'not well while it soaked' },
  migrate: { started: 'migrating', done: 'migrated', failed: 'not migrated' },
  stop: { started: 'stopping its processes', done: 'processes stopped', failed: 'processes not stopped' },
} as const satisfies Record<StepName, Record<StepState, string>>

/** `verified`, or `going back: verified`. */
export function stepText({ step, state, back }: Pick<StepReport, 'step' | 'state' | 'back'>): string {
  return `${back ? 'going back: ' : ''}${stepWords[step][state]}`
}

export const phaseWords = {
  connect: 'connecting',
  lock: 'locking',
  inspect: 'looking at every host',
  preflight: 'checking that a deploy can work',
  resolve: 'resolving the commit',
  prepare: 'preparing the release',
  migrate: 'migrating',
  roll: 'rolling',
  settle: 'tidying up',
  setup: 'setting up',
} as const satisfies Record<Phase, string>

/** What the exit code says, as in the README. */
export const exitWords = {
  0: 'every host is verified on the release',
  1: 'failed before anything a user could feel',
  2: 'usage or configuration',
  3: 'failed and rolled back',
  4: 'incomplete: someone should look',
  5: 'locked by another deploy',
  130: 'interrupted, safely',
} as const satisfies Record<ExitCode, string>

export const stateWords = {
  serving: 'serving',
  'out by hand': 'out of rotation by hand',
  lost: 'LOST: out of rotation, and its recovery failed',
  unknown: 'UNKNOWN: nobody could see whether it is in rotation',
  stopped: 'stopped: the release failed, and there is none to go back to',
  skipped: 'SKIPPED: the next deploy brings it up to date',
  'not serving': 'not serving',
} as const satisfies Record<HostOutcome['state'], string>

/** `0.3 s`, `42.1 s`, `2 min 5 s`. */
export function duration(ms: number): string {
  const tenths = Math.round(ms / 100)
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

const hourMs = 3_600_000

/** A time that somebody chose: `10 s`, `5 min`, `1 h 30 min`. */
export function span(ms: number): string {
  const short = (text: string): string => text.replace(/\.0 s$/, ' s').replace(/ min 0 s$/, ' min')
  if (ms < hourMs) return short(duration(ms))
  const rest = ms % hourMs
  return [`${Math.floor(ms / hourMs)} h`, ...(rest === 0 ? [] : [short(duration(rest))])].join(' ')
}

/** `2026-11-21T04:15:00.000Z` → `04:15 UTC`. */
export function clockTime(iso: string): string {
  return `${iso.slice(11, 16)} UTC`
}

export function shortSha(sha: string): string {
  return sha.slice(0, 7)
}

/** `1a2b3c4 → 5d6e7f8`; one alone where there is no other, or they are the same. */
export function fromTo(from: string | null, to: string | null): string {
  const both = [from, to].filter((sha) => sha !== null).map(shortSha)
  return both[0] === both[1] ? (both[0] ?? 'no commit') : both.join(' → ')
}

/** `1 host`, `3 hosts`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
