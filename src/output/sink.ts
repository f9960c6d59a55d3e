/** Where text goes. A reader that went away (`| head`, a closed terminal) is no reason to end a deploy. */

export interface Sink {
  /** Never throws. */
  readonly write: (text: string) => void
  /** Resolves when what was written has left the process, or after `flushTimeoutMs` of a reader that does not read. */
  readonly flush: () => Promise<void>
}

/** What is needed of `process.stdout`. */
export interface OutputStream {
  write(text: string, done?: (error?: Error | null) => void): unknown
  on(event: 'error' | 'resize', listener: () => void): unknown
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

const flushTimeoutMs = 2000

/** Errors of the stream (EPIPE, EIO) are heard and dropped: unheard, they would end the process. */
export function createSink(stream: OutputStream): Sink {
  stream.on('error', () => {})
  return {
    write: (text) => {
      stream.write(text)
    },
    flush: () =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, flushTimeoutMs)
        stream.write('', () => {
          clearTimeout(timer)
          resolve()
        })
      }),
  }
}
