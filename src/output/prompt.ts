/** Asks a person at the terminal, line by line. */
import { createInterface } from 'node:readline'

export interface PromptStreams {
  readonly input: NodeJS.ReadableStream
  readonly out: NodeJS.WritableStream
}

/** Resolves with the line, and with null where they leave it (Ctrl-C, Ctrl-D). In between, the terminal is as it was. */
export async function prompt(text: string, { input, out }: PromptStreams = ownStreams()): Promise<string | null> {
  const lines = createInterface({ input, output: out, terminal: true, historySize: 0 })
  try {
    const answer = await new Promise<string | null>((resolve) => {
      lines.on('SIGINT', () => resolve(null))
      lines.on('close', () => resolve(null))
      lines.question(text, resolve)
    })
    // What is said next stands on a line of its own.
    if (answer === null) out.write('\n')
    return answer
  } finally {
    lines.close()
  }
}

function ownStreams(): PromptStreams {
  return { input: process.stdin, out: process.stdout }
}
