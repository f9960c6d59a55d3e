/** The port to the lock of an environment on one machine: a host, or one of the balancer. Adapter: `shell-lock.ts`. */
import type { LockOwner } from './lock.ts'

export interface HeldLock {
  /** Whose it was: a deploy that ended without giving it up. null: nobody's. */
  readonly cutOff: LockOwner | null
  /** Says that we live. Without it for a minute, the machine gives the lock up. */
  beat(): void
  /** Resolves, and never rejects, when it is held no more: let go, taken away, or the connection was lost. */
  readonly ended: Promise<void>
  /** Gives it up for good. May be called twice. */
  letGo(): Promise<void>
  /** Gives it up as if it had never been taken: whoever was cut off may have it again. May be called twice. */
  undo(): Promise<void>
}

export interface LockHolder extends LockOwner {
  /** Since it was heard of, by that machine's clock; left out where that is not known. */
  readonly silentMs?: number
}

/** Every call rejects with UserError `host-unreachable` where the connection cannot be had, or was lost meanwhile. */
export interface Lockable {
  /**
   * Takes the lock. Rejects with `locked` where another deploy has it (its owner as the error's `cause`, with `silentMs`
   * where it missed more than one heartbeat), or, with
   * `isAgain` (it was ours a moment ago), where another had it since; and with `preflight` where it cannot be had there.
   * With `isAgain` it is taken over from our own earlier holder, where a cut connection left that behind, and nobody
   * who waits gets in between.
   */
  lock(owner: LockOwner, options: { readonly isAgain: boolean }): Promise<HeldLock>
  /** Who holds the lock, without a token where that is not said; null: nobody. Read only. */
  lockOwner(): Promise<LockHolder | null>
  /**
   * Takes it away from that deploy for good: whatever it does next is refused. Does nothing where another has it by
   * now. An owner without a token stands for a holder that has not said who it is. May be repeated. Rejects with
   * `host-command` where its holder does not let go.
   */
  unlock(owner: LockOwner): Promise<void>
}

export interface LockableMachine extends Lockable {
  readonly name: string
}
