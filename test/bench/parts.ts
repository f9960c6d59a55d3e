/** Where the time of one of our deploys went, read from its `--json` events. */
import type { Phase, Reported } from '../../src/rollout/report.ts'

export interface HostParts {
  readonly host: string
  readonly drainMs: number
  readonly reloadMs: number
  readonly verifyMs: number
  /** From its first step to its last, without the three above. */
  readonly restMs: number
  readonly outMs: number
}

export interface Parts {
  /** From the start until the first host is touched. */
  readonly prepareMs: number
  /** The phases that make it up, in their order. */
  readonly phases: readonly { readonly phase: Phase; readonly tookMs: number }[]
  readonly hosts: readonly HostParts[]
  /** From the last host's last step to the end. */
  readonly settleMs: number
  readonly totalMs: number
}

type Step = Extract<Reported, { type: 'step' }>

export function partsOf(stdout: string): Parts {
  const events = stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Reported]))
  const started = find(events, 'started')
  const finished = find(events, 'finished')
  const rolling = events.filter((event): event is Step & Reported => event.type === 'step' && event.step !== 'prepare')
  const [first = finished, last = finished] = [rolling.at(0), rolling.at(-1)]
  const names = [...new Set(rolling.flatMap(({ hosts }) => hosts))]
  return {
    prepareMs: atMs(first) - atMs(started),
    phases: phasesOf(events.slice(0, events.indexOf(first) + 1)),
    hosts: names.map((host) => hostParts(host, rolling, finished.outMs[host] ?? 0)),
    settleMs: atMs(finished) - atMs(last),
    totalMs: finished.tookMs,
  }
}

function phasesOf(events: readonly Reported[]): Parts['phases'] {
  const begun = events.filter((event) => event.type === 'phase')
  return begun.map((event, index) => {
    const next = begun[index + 1] ?? events.at(-1) ?? event
    return { phase: event.phase, tookMs: atMs(next) - atMs(event) }
  })
}

function hostParts(host: string, rolling: readonly (Step & Reported)[], outMs: number): HostParts {
  const own = rolling.filter(({ hosts }) => hosts.includes(host))
  const took = (step: Step['step']) =>
    own.reduce((sum, event) => sum + (event.step === step ? (event.tookMs ?? 0) : 0), 0)
  const [first, last] = [own.at(0), own.at(-1)]
  const wholeMs = first === undefined || last === undefined ? 0 : atMs(last) - atMs(first)
  const [drainMs, reloadMs, verifyMs] = [took('drain'), took('reload'), took('verify')]
  return { host, drainMs, reloadMs, verifyMs, restMs: wholeMs - drainMs - reloadMs - verifyMs, outMs }
}

function atMs({ at }: Reported): number {
  return Date.parse(at)
}

function find<Type extends Reported['type']>(events: readonly Reported[], type: Type) {
  const found = events.find((event): event is Extract<Reported, { type: Type }> => event.type === type)
  if (found === undefined) {
    const error = events.find((event) => event.type === 'error')
    throw new Error(`the deploy told no \`${type}\` event: ${error?.message}\n${error?.output ?? ''}`)
  }
  return found
}
