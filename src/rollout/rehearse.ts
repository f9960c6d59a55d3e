import { apply, begin } from './apply.ts'
import { decide } from './decide.ts'
import type { Action, Batch, HostName, Observation, Outcome, Plan, Rollout } from './model.ts'
import { outcome } from './outcome.ts'

/** More moves than this are no rollout, but a mistake of ours: 50 hosts need about 500. */
const movesMax = 10_000

export interface Rehearsal {
  readonly outcome: Outcome
  /** The hosts that are out together, in order, as they would be taken. `pause`: somebody is asked before the next. */
  readonly batches: readonly Batch[]
}

/** The same rollout with every move answered "done": what a deploy would do, and whether it could come to its end at all. */
export function rehearse(plan: Plan, observed: Observation): Rehearsal {
  const batches: Batch[] = []
  let rollout = begin(plan, observed)
  for (let count = 0; count < movesMax; count++) {
    const [action] = decide(rollout)
    if (action === undefined) return { outcome: outcome(rollout), batches }
    if (rollout.direction === 'forward') note(batches, plan, action)
    rollout = perform(rollout, action)
  }
  throw new Error(`a rehearsal of ${movesMax} moves came to no end`)
}

function note(batches: Batch[], { rotation, skipped }: Plan, action: Action): void {
  const last = batches.at(-1)
  if (action.type === 'pause' && last !== undefined) batches.splice(-1, 1, { ...last, pause: true })
  const hosts = takenBy(action, rotation).filter((host) => !skipped.includes(host))
  if (hosts.length > 0) batches.push({ hosts, pause: false })
}

function takenBy(action: Action, rotation: boolean): readonly HostName[] {
  if (action.type === 'publish' && action.step === 'take-out') return action.hosts
  return !rotation && action.type === 'step' && action.step === 'activate' ? [action.host] : []
}

function perform(rollout: Rollout, action: Action): Rollout {
  const started = apply(rollout, { type: 'started', action })
  if (action.type === 'give-up') return apply(started, { type: 'failed', action, reason: action.reason })
  const done = apply(started, { type: 'done', action })
  return action.type === 'observe' ? apply(done, { type: 'observed', observation: lookAt(done) }) : done
}

function lookAt({ observed, fleet }: Rollout): Observation {
  const verified = fleet.filter((progress) => progress.verified !== null).map(({ host }) => host)
  return { ...observed, healthy: [...new Set([...observed.healthy, ...verified])] }
}
