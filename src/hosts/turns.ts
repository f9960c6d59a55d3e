/** Begins what it is given, in order, as soon as fewer than so many others are under way. */
export type Turns = <Value>(begin: () => Promise<Value>) => Promise<Value>

export function turns(atOnceMax: number): Turns {
  const waiting: (() => void)[] = []
  let underWay = 0
  return async (begin) => {
    if (underWay < atOnceMax) underWay += 1
    // Whoever is done hands its place over, so `underWay` stays as it is.
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await begin()
    } finally {
      const next = waiting.shift()
      if (next === undefined) underWay -= 1
      else next()
    }
  }
}
