/** How long each kind of step on a machine may take. */

export interface Limit {
  readonly timeoutMs: number
  /** The key of the configuration that sets it, for whoever meets its end: `timeouts.prepare`. Absent: none does. */
  readonly setBy?: string
}

/** By their keys in the configuration. */
export interface Limits {
  /**
   * To a machine, and to each on the way to it: TCP, handshake and authentication. A session there until its shell has
   * begun; a connection from the balancer to a host.
   */
  readonly connect: Limit
  /** Fetching, and laying a release out. */
  readonly fetch: Limit
  /** The user's commands beside the running app, each hook by itself: install and build, before and after. */
  readonly prepare: Limit
  readonly migrate: Limit
  /** The user's commands while the host is out, and the end of the app's processes. */
  readonly reload: Limit
  /** Until the balancer has got a healthy answer from a host. */
  readonly confirm: Limit
  /** Removing old releases. */
  readonly prune: Limit
  /** Whatever else is looked at, noted or switched, on a host or on a machine of the balancer. */
  readonly step: Limit
}

const second = 1_000
const minute = 60_000

/** What a slow machine on a slow line needs: a limit is against waiting for ever, not a measure of speed. */
export const defaultLimits: Limits = {
  connect: limit('connect', 15 * second),
  // A first clone of a large repository.
  fetch: limit('fetch', 10 * minute),
  prepare: limit('prepare', 20 * minute),
  // A large table.
  migrate: limit('migrate', 20 * minute),
  reload: limit('reload', 5 * minute),
  confirm: limit('confirm', 20 * second),
  // Some 100,000 small files.
  prune: limit('prune', 5 * minute),
  step: limit('step', 30 * second),
}

/** For what is known to take longer than most under the same key. */
export function twice(limit: Limit): Limit {
  return { ...limit, timeoutMs: 2 * limit.timeoutMs }
}

/** `20 s`, `1200 s (timeouts.prepare)` */
export function limitText({ timeoutMs, setBy }: Limit): string {
  const seconds = `${timeoutMs / second} s`
  return setBy === undefined ? seconds : `${seconds} (${setBy})`
}

function limit(key: keyof Limits, timeoutMs: number): Limit {
  return { timeoutMs, setBy: `timeouts.${key}` }
}
