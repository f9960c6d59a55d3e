/** The steps of a deploy, as its own events tell them. */
import type { Phase, Report } from '../../src/rollout/report.ts'
import type { RunningDeploy } from '../lab/deployer.ts'
import { reports } from '../lab/fleet.ts'
import type { Lab } from '../lab/lab.ts'
import type { Machine } from '../lab/machine.ts'

export interface Moment {
  readonly words: string
  /** The event's line of `--json`. */
  readonly line: RegExp
}

type StepName = Extract<Report, { type: 'step' }>['step']

const PHASES = {
  connect: 'connecting',
  lock: 'locking',
  inspect: 'looking at the hosts',
  resolve: 'resolving the commit',
  roll: 'beginning to roll',
  settle: 'settling',
} as const satisfies Partial<Record<Phase, string>>

const STEPS = {
  prepare: 'preparing',
  'take-out': 'taking out',
  drain: 'draining',
  activate: 'activating',
  reload: 'reloading',
  verify: 'verifying',
  'put-back': 'putting back',
  confirm: 'confirming',
  soak: 'soaking',
} as const satisfies Partial<Record<StepName, string>>

export function phase(name: keyof typeof PHASES): Moment {
  return { words: PHASES[name], line: lineWith({ type: 'phase', phase: name }) }
}

export interface StepOptions {
  /** On its way back, after a failure. */
  readonly back?: boolean
  /** On the last host of two, and not on the first one that comes to it. */
  readonly last?: boolean
}

export function step(name: keyof typeof STEPS, { back = false, last = false }: StepOptions = {}): Moment {
  const line = lineWith({ type: 'step', state: 'started', step: name, back, ...(last ? { hosts: [LAST_OF_TWO] } : {}) })
  return { words: [...(back ? ['going back:'] : []), STEPS[name], ...(last ? ['the last host'] : [])].join(' '), line }
}

const LAST_OF_TWO = '10.77.0.12'

/** In whatever order its keys stand. */
function lineWith(keys: Readonly<Record<string, unknown>>): RegExp {
  const parts = Object.entries(keys).map(([key, value]) => `(?=.*${escaped(`"${key}":${JSON.stringify(value)}`)})`)
  return new RegExp(`^${parts.join('')}`)
}

function escaped(text: string): string {
  return text.replaceAll(/[.[\]]/g, String.raw`\$&`)
}

/** On a machine that is busy with other things too. */
const MOMENT_TIMEOUT_MS = 120_000

/** Waits for it; the host that it is about, or the first one where it is about all. */
export async function reached(lab: Lab, deploy: RunningDeploy, { line }: Moment): Promise<Machine> {
  const [report] = reports(await deploy.line(line, MOMENT_TIMEOUT_MS))
  const [address] = (report?.hosts as readonly string[] | undefined) ?? []
  const host = lab.hosts.find((each) => each.address === address) ?? lab.hosts[0]
  if (host === undefined) throw new Error('the lab has no host')
  return host
}

/** Before anything that a user could feel. */
export const BEFORE = [phase('connect'), phase('lock'), phase('inspect'), phase('resolve')]

/** What is done to a host, in order. */
export const ON_A_HOST = [
  step('take-out'),
  step('drain'),
  step('activate'),
  step('reload'),
  step('verify'),
  step('put-back'),
  step('confirm'),
]
