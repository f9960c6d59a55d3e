/** Time for a whole imagined fleet: what will happen, in order. Virtual here; `real-time.ts` follows the clock on the wall. */

export interface Timeline {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** A moment that has passed already means now. Two at the same moment happen in the order in which they were asked for. */
  readonly at: (atMs: number, happen: () => void) => void
  /** Until it has happened, the returned function calls it off. */
  readonly after: (ms: number, happen: () => void) => () => void
  /** A mistake that nobody waits for: it ends the run. */
  readonly fail: (error: unknown) => void
}

/** `over`: as asked. `idle`: nothing will ever happen again. `late`: the time was over. */
export type Ending = 'over' | 'idle' | 'late'

export interface VirtualTime extends Timeline {
  /** How much has happened. */
  readonly count: () => number
  /**
   * Lets one thing happen after another. Between two, everything that has been promised settles; `isOver` is asked
   * then. Nothing sleeps and no other timer fires meanwhile: who runs many should take a `setImmediate` now and then.
   */
  readonly run: (options: { readonly isOver: () => boolean; readonly untilMs: number }) => Promise<Ending>
}

export const startMs = Date.UTC(2026, 10, 21, 3, 15)

export function virtualTime(): VirtualTime {
  const queue = createQueue()
  let nowMs = startMs
  let count = 0
  let failure: { readonly error: unknown } | null = null
  const put = (atMs: number, happen: () => void): Entry => queue.put(Math.max(atMs, nowMs), happen)
  const advance = (): void => {
    const next = queue.take()
    if (next === undefined) return
    nowMs = next.atMs
    count++
    next.happen?.()
  }
  return {
    now: () => nowMs,
    count: () => count,
    at: (atMs, happen) => void put(atMs, happen),
    after: (ms, happen) => {
      const entry = put(nowMs + ms, happen)
      return () => {
        entry.happen = null
      }
    },
    fail: (error) => {
      failure ??= { error }
    },
    run: ({ isOver, untilMs }) =>
      new Promise((resolve, reject) => {
        const ending = (): Ending | null => {
          if (failure !== null) throw failure.error
          if (isOver()) return 'over'
          if (queue.nextMs() === Number.POSITIVE_INFINITY) return 'idle'
          return queue.nextMs() <= untilMs ? null : 'late'
        }
        const turn = (): void => {
          try {
            const end = ending()
            if (end !== null) resolve(end)
            else {
              advance()
              void settled.then(soon)
            }
          } catch (error) {
            reject(error)
          }
        }
        // Node empties the whole queue of promises before it looks at its next tick again: a quarter of what a
        // setImmediate costs, and a promise of its own half of what queueMicrotask does.
        const soon = (): void => process.nextTick(turn)
        soon()
      }),
  }
}

const settled = Promise.resolve()

interface Entry {
  readonly atMs: number
  readonly order: number
  /** null: called off. */
  happen: (() => void) | null
}

/** A binary heap: by time, then by the order of asking. */
function createQueue() {
  const heap: Entry[] = []
  let order = 0
  return {
    nextMs: (): number => {
      while (heap[0]?.happen === null) take(heap)
      return heap[0]?.atMs ?? Number.POSITIVE_INFINITY
    },
    put: (atMs: number, happen: () => void): Entry => {
      const entry = { atMs, order: order++, happen }
      heap.push(entry)
      rise(heap, heap.length - 1)
      return entry
    },
    take: (): Entry | undefined => take(heap),
  }
}

function take(heap: Entry[]): Entry | undefined {
  const first = heap[0]
  const last = heap.pop()
  if (first === last || last === undefined) return first
  heap[0] = last
  sink(heap, 0)
  return first
}

function rise(heap: Entry[], from: number): void {
  for (let index = from; index > 0; ) {
    const parent = (index - 1) >> 1
    if (!swapWhereWrong(heap, parent, index)) return
    index = parent
  }
}

function sink(heap: Entry[], from: number): void {
  for (let index = from; ; ) {
    const left = 2 * index + 1
    const child = isBefore(heap[left + 1], heap[left]) ? left + 1 : left
    if (!swapWhereWrong(heap, index, child)) return
    index = child
  }
}

/** True where they were in the wrong order. */
function swapWhereWrong(heap: Entry[], upper: number, lower: number): boolean {
  const [above, below] = [heap[upper], heap[lower]]
  if (above === undefined || below === undefined || !isBefore(below, above)) return false
  heap[upper] = below
  heap[lower] = above
  return true
}

function isBefore(one: Entry | undefined, other: Entry | undefined): boolean {
  if (one === undefined || other === undefined) return false
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)
}
