import { apply, begin } from './apply.ts'
import { decide } from './decide.ts'
import type { Action, HostName, Observation, Outcome, Plan, Rollout } from './model.ts'
import { outcome } from './outcome.ts'

/** More moves than this are no rollout, but a mistake of ours: 50 hosts need about 500. */
const movesMax = 10_000

export interface Rehearsal {
  readonly outcome: Outcome
  /** The hosts that are out together, in order, as they would be taken. */
  readonly batches: readonly (readonly HostName[])[]
}

/** The same rollout with every move answered "done": what a deploy would do, and whether it could come to its end at all. */
export function rehearse(plan: Plan, observed: Observation): Rehearsal {
  const batches: (readonly HostName[])[] = []
  let rollout = begin(plan, observed)
  for (let count = 0; count < movesMax; count++) {
    const [action] = decide(rollout)
    if (action === undefined) return { outcome: outcome(rollout), batches }
    if (action.type === 'publish' && action.step === 'take-out') batches.push(action.hosts)
    if (!plan.rotation && action.type === 'step' && action.step === 'activate') batches.push([action.host])
    rollout = perform(rollout, action)
  }
  throw new Error(`a rehearsal of ${movesMax} moves came to no end`)
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
