/**
 * The port to what spreads requests over the hosts. Adapters: `nginx-switch.ts`, `none.ts`; `every.ts` makes one of several.
 * Hosts are named as in the configuration. Nothing here restarts or reloads anything.
 */
import type { Host } from '../hosts/host.ts'
import type { Limit } from '../hosts/limits.ts'
import type { LockableMachine } from '../hosts/lockable.ts'

/** A host, and the server (address and port) by which the balancer knows it. */
export interface Member {
  readonly host: Host
  /** `10.0.0.11:4000`, as it stands in the balancer's server list. */
  readonly server: string
}

/** What the balancer itself says at this moment, never what was published last. */
export interface BalancerView {
  /** Host names that every machine of the balancer leaves out. */
  readonly out: readonly string[]
  /** Left out by some of its machines only: in rotation, and not serving everybody. Empty with one machine. */
  readonly mixed: readonly string[]
  /** Those of `out` and `mixed` that no deploy of ours took out: an operator had a reason, so they stay out. */
  readonly byHand: readonly string[]
}

export interface Publication {
  /** Every host that is to be left out: the whole set, not a change to it. */
  readonly out: readonly string[]
  /** Those of them that are out by an operator's hand. Kept with the publication, so that the next deploy knows. */
  readonly byHand: readonly string[]
  /** The token of the deploy, which has the lock. */
  readonly by: string
}

export interface Finding {
  readonly weight: 'error' | 'warning'
  /** The machine it was found on. */
  readonly host: string
  readonly text: string
  /** What to do about it. */
  readonly hint?: string
}

export interface Balancer {
  /** The addresses of its machines, for output. Empty where there is no balancer. */
  readonly machines: readonly string[]
  /** The lock of each of its machines: two deploys that share no host meet here. Empty where there is no balancer. */
  readonly locks: readonly LockableMachine[]
  /**
   * True where `publish` could do it without rights that a deploy lacks: the pool is in the rendered configuration.
   * Never true for a set that leaves out every host (promise 4). Pure: from the configuration alone.
   */
  canPublish(out: readonly string[]): boolean
  /**
   * Everything that must be true before a deploy, read only: its own word that it runs exactly the pools of this
   * fleet; the rights to publish; that a connection held open from it to each member is seen where `drained` will
   * look (members whose port is closed are passed over: nothing runs there yet, `drained` then looks again).
   * Findings instead of exceptions, all of them.
   */
  preflight(): Promise<readonly Finding[]>
  /** Rejects with UserError `balancer` where it does not answer, or answers for another fleet. May be repeated. */
  observe(): Promise<BalancerView>
  /**
   * Makes the out set so, atomically: "put a back and take b out" is one change. Done only when the balancer itself
   * says so. May be repeated, and repeats nothing that is so already. Rejects with UserError `balancer` where that could not be
   * seen (it may have happened all the same), or where another hand changed the set since it was last observed; and
   * with `locked` where the lock there is not of that deploy any more. Whoever takes or takes away that lock waits for
   * a change under way, so none comes after it. A connection that drops for a moment is made anew.
   */
  publish(publication: Publication): Promise<void>
  /**
   * Resolves when no request that the balancer sent is still running on the host, and none can still be sent by an
   * earlier decision (one that another host does not take may be tried here). Rejects with UserError `drain` after
   * `timeoutMs`, naming how many connections are left. `onWaiting` hears that number, about once a second. A connection
   * that drops for a moment is made anew.
   */
  drained(host: string, options: Limit & { readonly onWaiting?: (connections: number) => void }): Promise<void>
  /** Resolves when every machine of the balancer has got a healthy answer from that host's server. Rejects with `balancer` after `timeoutMs`. */
  reaches(host: string, limit: Limit): Promise<void>
}
