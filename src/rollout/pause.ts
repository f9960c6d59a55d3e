/** A pause: between two batches, somebody has to say yes. */
import { atStart, isPending } from './fleet.ts'
import type { Action, Batch, HostName, Rollout } from './model.ts'

/**
 * The question that is due before this batch is begun; null: none. It is about another one that has the new release,
 * also one that stands after it: a host that does not serve may have gone first. Where a rollout was cut off and is
 * resumed, nobody knows whether it was answered, so it is asked again. After a batch that was skipped as a whole there
 * is nothing to ask about.
 */
export function pauseDue(rollout: Rollout, batch: Batch): Action | null {
  if (rollout.direction !== 'forward' || rollout.interrupted !== null) return null
  const { batches } = rollout.plan
  const turn = batches.indexOf(batch)
  const last = batches.findLast((each, index) => {
    // One that went first, because the batch before it may not be begun, is asked about as well.
    const isOver = index < turn || (index > turn && hasJustEnded(rollout, each))
    return each.pause && isOver && hostsOf(rollout, each).length > 0
  })
  return last === undefined ? null : { type: 'pause', after: hostsOf(rollout, last) }
}

/** The answer was yes: no batch that has the new release by now is asked about again. */
export function goOn(rollout: Rollout): Rollout {
  const isDone = (batch: Batch): boolean => hostsOf(rollout, batch).length > 0
  const batches = rollout.plan.batches.map((batch) => (isDone(batch) ? { ...batch, pause: false } : batch))
  return { ...rollout, pausing: null, plan: { ...rollout.plan, batches } }
}

function hasJustEnded(rollout: Rollout, batch: Batch): boolean {
  const fleet = rollout.fleet.filter(({ host }) => batch.hosts.includes(host))
  const isMoved = fleet.some(({ host }) => atStart(rollout.plan, host).runs !== rollout.plan.goal)
  return isMoved && !fleet.some((progress) => isPending(rollout, progress))
}

/** Those that have the new release: all of the batch, unless min-serving keeps some of them in their place. */
function hostsOf({ plan, fleet }: Rollout, { hosts }: Batch): readonly HostName[] {
  const updated = fleet.filter(({ at, target }) => at === 'settled' && target === plan.goal)
  return updated.map(({ host }) => host).filter((host) => hosts.includes(host))
}
