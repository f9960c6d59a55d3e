/** What `atMost` answers when the time was over first. */
export const LATE = Symbol('late')

/** The promise's value, or LATE where it takes longer. The promise itself goes on; no timer is left behind. */
export async function atMost<Value>(limitMs: number, promise: Promise<Value>): Promise<Value | typeof LATE> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => resolve(LATE), limitMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
