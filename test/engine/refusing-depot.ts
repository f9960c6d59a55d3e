import type { Depot } from '../../src/hosts/depot.ts'

/** A depot that answers every question in the same way: by refusing it. */
export function refusingDepot(refuse: () => Promise<never>): Depot {
  return {
    inspect: refuse,
    lock: refuse,
    lockOwner: refuse,
    unlock: refuse,
    assertOurs: refuse,
    endStep: refuse,
    guarded: () => {
      throw new Error('nothing is to be changed')
    },
    setUp: refuse,
    fetch: refuse,
    resolve: refuse,
    hasCommit: refuse,
    layOut: refuse,
    lacking: refuse,
    share: refuse,
    run: refuse,
    note: refuse,
    journal: refuse,
    activate: refuse,
    remember: refuse,
    noteMigration: refuse,
    prune: refuse,
    measure: refuse,
    pause: refuse,
    paused: refuse,
    answer: refuse,
    answered: refuse,
  }
}
