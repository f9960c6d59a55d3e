/**
 * Scenarios that an operator can read: a text that says what the fleet is like and what goes wrong, and below it what
 * the rollout does about it.
 *
 *     hosts: a b c=down d=new e=nothing f=foreign   what each runs; `old` where nothing is said
 *     batches: a b | c                    one host each where nothing is said
 *     out: b      by-hand: b              left out at the start, by an earlier deploy or by an operator
 *     mixed: b                            left out by some machines of the balancer only
 *     min-serving: 1   on-failure: stop   rotation: no
 *     during verify a new: fails          …or `interrupted`, `c dies`, `the balancer falls silent`, `the balancer answers`
 */
import { apply, begin } from '../../src/rollout/apply.ts'
import { decide, isFinished } from '../../src/rollout/decide.ts'
import type { Action, Event, HostAtStart, HostName, Observation, Plan, Rollout } from '../../src/rollout/model.ts'
import { outcome } from '../../src/rollout/outcome.ts'

interface Box {
  runs: string | null
  isDown: boolean
}

interface Stage {
  readonly plan: Plan
  readonly boxes: ReadonlyMap<HostName, Box>
  readonly happenings: readonly Happening[]
  out: readonly HostName[]
  readonly byHand: readonly HostName[]
  mixed: readonly HostName[]
  isSilent: boolean
}

interface Happening {
  /** `verify a new` */
  readonly during: string
  readonly what: string
  hasHappened: boolean
}

const eventsMax = 500

/** The trace and the end of a scenario's header. */
export function play(header: string): string {
  const stage = readStage(header)
  const trace: string[] = []
  let rollout = begin(stage.plan, look(stage))
  const accept = (...events: readonly Event[]): void => {
    for (const event of events) rollout = apply(rollout, event)
  }
  const flying: Action[] = []
  for (let count = 0; count < eventsMax; count++) {
    for (const action of decide(rollout)) {
      accept({ type: 'started', action })
      flying.push(action)
    }
    const action = flying.shift()
    if (action === undefined) {
      if (!isFinished(rollout)) throw new Error('nothing is under way, and it is not finished')
      return [...trace, '', ...endOf(rollout)].join('\n')
    }
    const failure = perform(stage, action, { trace, accept })
    accept(...endingOf(stage, action, failure))
    trace.push(lineOf(stage, action, failure))
  }
  throw new Error(`not finished after ${eventsMax} events`)
}

function endingOf(stage: Stage, action: Action, failure: string | null): readonly Event[] {
  if (failure !== null) return [{ type: 'failed', action, reason: failure }]
  const done: Event = { type: 'done', action }
  return action.type === 'observe' ? [done, { type: 'observed', observation: look(stage) }] : [done]
}

interface Telling {
  readonly trace: string[]
  readonly accept: (...events: readonly Event[]) => void
}

/** What goes wrong meanwhile happens first. Returns why it failed; null where it was done. */
function perform(stage: Stage, action: Action, { trace, accept }: Telling): string | null {
  let failure: string | null = null
  for (const happening of stage.happenings) {
    if (happening.hasHappened || happening.during !== nameOf(action)) continue
    happening.hasHappened = true
    const [host = '', verb] = happening.what.split(' ')
    if (happening.what === 'fails') failure = 'it failed'
    else trace.push(`! ${happening.what}`)
    if (happening.what === 'the balancer falls silent') stage.isSilent = true
    if (happening.what === 'the balancer answers') stage.isSilent = false
    if (happening.what === 'interrupted') accept({ type: 'interrupted', reason: 'interrupted' })
    if (verb === 'dies') {
      boxOf(stage, host).isDown = true
      // While a host drains, the engine looks at the others by itself.
      if (action.type === 'step' && action.step === 'drain') accept({ type: 'observed', observation: look(stage) })
    }
  }
  return failure ?? change(stage, action)
}

function change(stage: Stage, action: Action): string | null {
  switch (action.type) {
    case 'observe':
      return stage.isSilent ? 'the balancer does not answer' : null
    case 'give-up':
      return action.reason
    case 'publish':
      if (stage.isSilent) return 'the balancer does not answer'
      stage.out = action.out
      stage.mixed = []
      return null
    case 'stop':
      boxOf(stage, action.host).runs = null
      return null
    case 'step': {
      const box = boxOf(stage, action.host)
      if (action.step === 'drain') return null
      if (box.isDown) return 'the host does not answer'
      if (action.step === 'activate' && action.release === 'foreign') return 'there is no such release'
      if (action.step === 'reload') box.runs = action.release
      return action.step === 'verify' && box.runs !== action.release ? 'another release runs' : null
    }
  }
}

function look({ boxes, out, byHand, mixed }: Stage): Observation {
  const healthy = [...boxes].filter(([, { isDown, runs }]) => !isDown && runs !== null).map(([host]) => host)
  return { out, mixed, byHand, healthy }
}

function nameOf(action: Action): string {
  switch (action.type) {
    case 'observe':
      return 'look'
    case 'give-up':
      return 'give up'
    case 'publish':
      return `${action.step} ${action.hosts.join(' ')}`
    case 'stop':
      return `stop ${action.host}`
    case 'step':
      return `${action.step} ${action.host} ${action.release}`
  }
}

function lineOf(stage: Stage, action: Action, failure: string | null): string {
  const how = failure === null ? '' : `: ${failure}`
  const { out, mixed, healthy } = look(stage)
  const serving = healthy.filter((host) => !out.includes(host) && !mixed.includes(host)).join(' ')
  if (action.type === 'publish') return `${nameOf(action)}${how} (out: ${listed(out)})`
  if (action.type === 'observe' && failure === null) return `look (serving: ${serving === '' ? 'nobody' : serving})`
  return `${nameOf(action)}${how}`
}

function endOf(rollout: Rollout): readonly string[] {
  const { kind, failure, hosts } = outcome(rollout)
  return [
    `${kind}${failure === null ? '' : ` (${failure})`}`,
    ...hosts.map(({ host, release, state }) => `  ${host}: ${release ?? 'nothing certain'}, ${state}`),
  ]
}

function readStage(header: string): Stage {
  const lines = header.split('\n').map((line) => line.trim())
  const words = (key: string, otherwise = ''): readonly string[] => {
    const line = lines.find((each) => each.startsWith(`${key}:`))
    const text = line === undefined ? otherwise : line.slice(key.length + 1).trim()
    return text === '' ? [] : text.split(/\s+/)
  }
  const said = words('hosts').map((word) => word.split('='))
  const names = said.map(([host = '']) => host)
  const states = new Map(said.map(([host = '', state = 'old']) => [host, state]))
  const boxes = new Map(
    [...states].map(([host, state]) => [host, { runs: runsIn(state), isDown: state === 'down' }] as const),
  )
  const byHand = words('by-hand')
  const batches = words('batches', names.join(' | ')).join(' ').split(' | ')
  return {
    boxes,
    out: [...words('out'), ...byHand],
    byHand,
    mixed: words('mixed'),
    isSilent: false,
    happenings: lines
      .filter((line) => line.startsWith('during '))
      .map((line) => {
        const [during = '', what = ''] = line.slice('during '.length).split(': ')
        return { during, what, hasHappened: false }
      }),
    plan: {
      goal: 'new',
      batches: batches.map((batch) => batch.split(' ')),
      hosts: names.map((host) => ({
        host,
        ...hostIn(states.get(host) ?? ''),
      })),
      minServing: Number(words('min-serving', '1')[0]),
      onFailure: words('on-failure')[0] === 'stop' ? 'stop' : 'rollback',
      rotation: words('rotation')[0] !== 'no',
      canPublish: (out) => out.length < names.length,
    },
  }
}

function runsIn(state: string): string | null {
  if (state === 'nothing') return null
  return state === 'new' || state === 'foreign' ? state : 'old'
}

function hostIn(state: string): Pick<HostAtStart, 'from' | 'runs' | 'canReturn'> {
  const runs = state === 'down' ? null : runsIn(state)
  if (state === 'nothing' || state === 'foreign') return { from: runs, runs, canReturn: false }
  return { from: 'old', runs, canReturn: true }
}

function listed(hosts: readonly HostName[]): string {
  return hosts.length === 0 ? 'nobody' : hosts.join(' ')
}

function boxOf({ boxes }: Stage, host: HostName): Box {
  const box = boxes.get(host)
  if (box === undefined) throw new Error(`no host ${host} in this scenario`)
  return box
}
