/** What `atMost` answers when the time was over first. */
export const LATE = Symbol('late')

/** What `unlessAborted` answers when it was aborted first. */
export const ABORTED = Symbol('aborted')

/** The promise's value, or ABORTED. The promise itself goes on; no listener is left behind. */
export async function unlessAborted<Value>(
  signal: AbortSignal | undefined,
  promise: Promise<Value>,
): Promise<Value | typeof ABORTED> {
  if (signal === undefined) return promise
  let abort = (): void => undefined
  const aborted = new Promise<typeof ABORTED>((resolve) => {
    abort = () => resolve(ABORTED)
  })
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

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
