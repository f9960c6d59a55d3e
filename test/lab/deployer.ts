import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { SYSTEM_PATH } from './process.ts'

/** A program that the deployer runs: its output as it comes, and its end. */
export interface RunningDeploy {
  /** Resolves when it has ended; never rejects. */
  readonly result: Promise<DeployResult>
  /** All lines so far, of both streams in the order of their coming. */
  readonly lines: readonly string[]
  /** Resolves with the first line, old or new, that matches. Rejects after that time, or when it ends without one. */
  line(pattern: RegExp, timeoutMs: number): Promise<string>
  kill(signal: NodeJS.Signals): void
}

export interface DeployResult {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface DeployOptions {
  /** Beside HOME and PATH, which are all that it gets: no agent, no CI. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Where somebody else deploys from: his folder, and HOME. */
  readonly home?: string
}

export interface Program extends DeployOptions {
  /** The program and its words. */
  readonly command: readonly [string, ...string[]]
  readonly home: string
}

/** Starts a program with an environment of the lab's own; it ends with this process. */
export function startProgram({ command: [file, ...args], home, env = {}, cwd = home }: Program): RunningDeploy {
  const child = spawn(file, args, {
    cwd,
    env: { HOME: home, PATH: SYSTEM_PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  const output = { stdout: '', stderr: '' }
  const waiting = new Set<() => void>()
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => (output[stream] += text))
    createInterface({ input: child[stream] }).on('line', (line) => {
      lines.push(line)
      for (const look of waiting) look()
    })
  }
  const result = once(child, 'close').then(([code, signal]) => ({ code, signal, ...output }))
  return {
    result,
    lines,
    kill: (signal) => void child.kill(signal),
    line: (pattern, timeoutMs) =>
      new Promise((resolve, reject) => {
        const fail = (why: string) => {
          end()
          reject(new Error(`no line matched ${pattern} ${why}:\n${lines.join('\n')}`))
        }
        const look = () => {
          const found = lines.find((line) => pattern.test(line))
          if (found === undefined) return
          end()
          resolve(found)
        }
        const tooLate = setTimeout(() => fail(`in ${timeoutMs} ms`), timeoutMs)
        const end = () => {
          clearTimeout(tooLate)
          waiting.delete(look)
        }
        waiting.add(look)
        look()
        void result.then(() => waiting.has(look) && fail('before its end'))
      }),
  }
}
