import { apply, begin } from '../rollout/apply.ts'
import { decide, isFinished } from '../rollout/decide.ts'
import type { Action, Event, Rollout } from '../rollout/model.ts'
import { describe } from './describe.ts'
import type { Fleet } from './fleet.ts'
import { observe } from './observe.ts'
import type { Move, Performed } from './perform.ts'
import type { Start } from './plan.ts'

/** How often the hosts that serve are asked while another is out and could still be put back unchanged. */
const watchMs = 1_000
/** The same while nothing is under way but waiting: for a soak to end, or for a yes. */
const waitWatchMs = 5_000
/** More events than this are no rollout, but a mistake of ours. */
const eventsMax = 100_000

export interface Rolling {
  readonly fleet: Fleet
  readonly perform: (move: Move) => Promise<Performed>
  /** Hears every fact, with the state after it. */
  readonly onEvent: (event: Event, rollout: Rollout, log: string | null) => void
  /** Calls back when no new batch is to be begun, with the reason. */
  readonly onInterrupt: (interrupt: (reason: string) => void) => void
}

/** The loop: decide → perform → apply → report, until nothing is left to do. Resolves with the state at the end; never rejects but for a mistake of ours. */
export async function roll({ plan, observed }: Start, rolling: Rolling): Promise<Rollout> {
  const inbox = createInbox<Performed>()
  let rollout = begin(plan, observed)
  const accept = (event: Event, log: string | null = null): void => {
    rollout = apply(rollout, event)
    rolling.onEvent(event, rollout, log)
  }
  rolling.onInterrupt((reason) => inbox.put({ events: [{ type: 'interrupted', reason }], log: null }))
  const stopWatching = watch(rolling.fleet, { now: () => rollout, put: inbox.put })
  try {
    for (let count = 0; count < eventsMax; count++) {
      for (const action of decide(rollout)) {
        accept({ type: 'started', action })
        inbox.putWhenDone(rolling.perform({ action, rollout, isWanted: () => isAwaited(rollout, action) }))
      }
      if (isFinished(rollout)) return rollout
      const { events, log } = await inbox.next()
      for (const event of events) accept(event, log)
    }
    throw new Error(`a rollout of ${eventsMax} events came to no end`)
  } finally {
    stopWatching()
  }
}

/** False for one that was abandoned: its end counts for nothing. */
export function isAwaited({ doing, pausing, fleet }: Rollout, action: Action): boolean {
  return doing === action || pausing === action || fleet.some((progress) => progress.doing === action)
}

interface Watching {
  readonly now: () => Rollout
  readonly put: (performed: Performed) => void
}

/** If a host that serves dies while another is out and not yet activated, or while we only wait, the rollout must hear of it. */
function watch(fleet: Fleet, { now, put }: Watching): () => void {
  let isLooking = false
  let lookedMs = fleet.clock.now()
  const look = async (): Promise<void> => {
    const before = now()
    const dueMs = watchEveryMs(before)
    if (isLooking || before.doing !== null || dueMs === null || fleet.clock.now() - lookedMs < dueMs) return
    isLooking = true
    try {
      const observation = await observe(fleet, before.observed)
      // What was seen while the out set changed may be of before or after.
      if (now().observed.out === before.observed.out && now().doing === null)
        put({ events: [{ type: 'observed', observation }], log: null })
    } catch (error) {
      const text = `could not look meanwhile: ${describe(error).reason}`
      if (watchEveryMs(now()) !== null) fleet.report({ type: 'note', level: 'warning', text })
    } finally {
      isLooking = false
      lookedMs = fleet.clock.now()
    }
  }
  return fleet.clock.every(watchMs, () => void look())
}

/** null: nothing that a look could tell would change anything now. */
function watchEveryMs(rollout: Rollout): number | null {
  if (couldComeBack(rollout)) return watchMs
  return rollout.pausing !== null || rollout.fleet.some(({ at }) => at === 'soak') ? waitWatchMs : null
}

function couldComeBack({ fleet }: Rollout): boolean {
  return fleet.some(
    ({ at, touched, alongside }) => alongside.length > 0 && !touched && (at === 'drain' || at === 'activate'),
  )
}

/** What happened, in order, for one reader that waits for it. */
function createInbox<Item>() {
  const items: Item[] = []
  let wake: (() => void) | null = null
  const put = (item: Item): void => {
    items.push(item)
    wake?.()
  }
  const failures: unknown[] = []
  return {
    put,
    putWhenDone: (promise: Promise<Item>): void => {
      promise.then(put, (error: unknown) => {
        failures.push(error)
        wake?.()
      })
    },
    next: async (): Promise<Item> => {
      for (;;) {
        if (failures.length > 0) throw failures[0]
        const item = items.shift()
        if (item !== undefined) return item
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}
