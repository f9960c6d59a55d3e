/** What the live list shows at a moment: pure, from the events so far. */
import type { Reported } from '../rollout/report.ts'
import { columnsOf, fit, oneLine, type Paint } from './paint.ts'
import { clockTime, count, duration, phaseWords, type StepReport, stepText } from './words.ts'

/** One host, as the list sees it. */
export interface HostView {
  readonly host: string
  readonly state: 'idle' | 'active' | 'between' | 'failed'
  readonly text: string
  /** Progress inside a step: `3 connections left`. */
  readonly detail: string
  /** Milliseconds since the epoch. */
  readonly sinceMs: number
}

export interface FleetView {
  readonly title: string
  readonly sinceMs: number
  readonly phase: string
  readonly serving: string
  /** In words, while the deploy waits for a yes. */
  readonly pause: string | null
  readonly hosts: readonly HostView[]
}

/** How long a host stays in the list after a step, where no other follows. */
const betweenMs = 2000

const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const spinnerStepMs = 100

export const emptyView: FleetView = { title: '', sinceMs: 0, phase: '', serving: '', pause: null, hosts: [] }

/** The view after one more event. */
export function nextView(view: FleetView, report: Reported): FleetView {
  const nowMs = Date.parse(report.at)
  switch (report.type) {
    case 'started':
      return { ...emptyView, title: report.environment, sinceMs: nowMs, hosts: report.hosts.map((host) => idle(host)) }
    case 'phase':
      return { ...view, phase: phaseWords[report.phase], pause: null }
    case 'serving':
      return { ...view, serving: `${report.serving} of ${count(report.total, 'host')} serving` }
    case 'step':
      return withHosts({ ...view, pause: null }, report.hosts, (before) => afterStep(before, report, nowMs))
    case 'waiting':
      return withHosts(view, [report.host], (before) => ({ ...before, detail: oneLine(report.text) }))
    case 'paused':
      return { ...view, pause: `paused, waits until ${clockTime(report.until)}` }
    case 'note':
    case 'finding':
    case 'examined':
    case 'resolved':
    case 'output':
    case 'plan':
    case 'status':
    case 'releases':
    case 'history':
    case 'printed':
    case 'ran':
      return view
    case 'answered':
    case 'finished':
    case 'error':
      return { ...view, pause: null }
  }
}

function idle(host: string): HostView {
  return { host, state: 'idle', text: '', detail: '', sinceMs: 0 }
}

function withHosts(view: FleetView, names: readonly string[], change: (host: HostView) => HostView): FleetView {
  return { ...view, hosts: view.hosts.map((host) => (names.includes(host.host) ? change(host) : host)) }
}

function afterStep(before: HostView, step: StepReport, nowMs: number): HostView {
  const seen = { host: before.host, text: stepText(step), sinceMs: nowMs }
  switch (step.state) {
    case 'started':
      // Why a host goes back stays beside its steps.
      return { ...seen, state: 'active', detail: step.back ? before.detail : '' }
    case 'done':
      return { ...seen, state: 'between', detail: step.back ? before.detail : '' }
    case 'failed':
      return { ...seen, state: 'failed', detail: oneLine(step.reason ?? '') }
  }
}

export interface FrameOptions {
  readonly nowMs: number
  /** Of the terminal. */
  readonly columns: number
  readonly rows: number
  readonly paint: Paint
}

/** A heading, and a line for each host that something happens on, cut to the terminal's size. */
export function frameLines(view: FleetView, options: FrameOptions): readonly string[] {
  const { nowMs, columns, rows, paint } = options
  // The last column and the last row stay free: a full one would scroll the terminal.
  const width = columns - 1
  const hosts = shown(view.hosts, nowMs)
  const roomFor = Math.max(1, rows - 3)
  const visible = hosts.slice(0, roomFor)
  const hidden = hosts.length - visible.length
  const nameWidth = Math.max(0, ...visible.map(({ host }) => columnsOf(host)))
  return [
    paint('strong', fit(heading(view, nowMs), width)),
    ...visible.map((host) => hostLine(host, nameWidth, { ...options, columns: width })),
    ...(hidden === 0 ? [] : [paint('faint', fit(`  … and ${count(hidden, 'host')} more`, width))]),
  ]
}

/** Those at work first, then those that failed, then those between two steps; each in the configuration's order. */
function shown(hosts: readonly HostView[], nowMs: number): readonly HostView[] {
  const inState = (state: HostView['state']) => hosts.filter((host) => host.state === state)
  return [
    ...inState('active'),
    ...inState('failed'),
    ...inState('between').filter(({ sinceMs }) => nowMs - sinceMs < betweenMs),
  ]
}

function heading({ title, phase, serving, pause, sinceMs }: FleetView, nowMs: number): string {
  return [title, wholeSeconds(nowMs - sinceMs), serving, pause ?? phase].filter((part) => part !== '').join('  ')
}

function hostLine(view: HostView, nameWidth: number, { nowMs, columns, paint }: FrameOptions): string {
  const { host, state, text, detail, sinceMs } = view
  const name = host + ' '.repeat(nameWidth - columnsOf(host))
  const seconds = state === 'active' ? wholeSeconds(nowMs - sinceMs).padStart(5) : ' '.repeat(5)
  const rest = [text, detail].filter((part) => part !== '').join(': ')
  const line = fit(`  ${symbol(state, nowMs)} ${name}  ${seconds}  ${rest}`, columns)
  return state === 'failed' ? paint('bad', line) : line
}

function symbol(state: HostView['state'], nowMs: number): string {
  switch (state) {
    case 'active':
      return spinner[Math.floor(nowMs / spinnerStepMs) % spinner.length] ?? ''
    case 'failed':
      return '✖'
    case 'between':
    case 'idle':
      return '✔'
  }
}

/** Tenths would only flicker. */
function wholeSeconds(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  return seconds < 60 ? `${seconds} s` : duration(seconds * 1000)
}
