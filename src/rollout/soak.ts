/** A soak: a host is watched for a while before the next batch begins. */
import { settle } from './fleet.ts'
import type { Progress, Rollout } from './model.ts'

/** Only on its way forward: who goes back, or whom nobody is sent to, is not on trial. */
export function maySoak({ plan, direction, interrupted, observed }: Rollout, { host, returning }: Progress): boolean {
  if (!plan.soak || returning || observed.byHand.includes(host)) return false
  return direction === 'forward' && interrupted === null
}

/** A soak only watches, so it may be abandoned: where the fleet turns back or ends, nobody waits for it. */
export function leaveSoak(rollout: Rollout): Rollout {
  const soaking = rollout.fleet.filter((progress) => progress.at === 'soak' && !maySoak(rollout, progress))
  return soaking.reduce((state, { host }) => settle(state, host), rollout)
}
