/** Hosts that are added to a fleet which serves already. */
import type { HostView } from '../engine/inspect.ts'
import type { Wishes } from './arguments.ts'

/** Names of those with nothing to serve, where others have something. */
export function newcomersOf(views: readonly HostView[]): readonly string[] {
  const isNew = ({ inspection, healthy }: HostView): boolean => inspection.current.kind === 'none' && !healthy
  if (views.every(isNew)) return []
  return views.filter(isNew).map(({ machine }) => machine.name)
}

/** The others are left as they are: where their reload would be felt is no matter. */
export function joinWishes(hosts: readonly string[]): Wishes & { readonly goal: { readonly kind: 'join' } } {
  return {
    goal: { kind: 'join', hosts },
    allowDowntime: true,
    fresh: false,
    skip: [],
    allowSkipped: false,
    pauseAfter: null,
    migrate: null,
    waitMs: 0,
  }
}
