/** This machine as a `Host`, without SSH: scripts run in a `sh` of their own process group. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { CommandResult, HeldCommand, Host, RunOptions } from '../../src/hosts/host.ts'

/** `uid`: as another user, where the tests run as root. */
export function localHost(name: string, address = name, user: { readonly uid?: number } = {}): Host {
  const held = new Set<Held>()
  return {
    name,
    address,
    run: (script, options) => run(script, { ...options, ...user }),
    hold: async (script) => {
      const started = hold(script)
      held.add(started)
      return started.command
    },
    close: async () => {
      await Promise.all([...held].map(({ cut }) => cut()))
    },
  }
}

type LocalOptions = RunOptions & { readonly uid?: number }

async function run(
  script: string,
  { timeoutMs, stdin = '', onLine, signal: abort, ...user }: LocalOptions,
): Promise<CommandResult> {
  const child = spawn('sh', ['-c', script], { detached: true, cwd: '/', ...user })
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    end(child)
  }, timeoutMs)
  abort?.addEventListener('abort', () => end(child))
  child.stdin.on('error', () => {})
  child.stdin.end(stdin)
  const lines = { stdout: [] as string[], stderr: [] as string[] }
  for (const stream of ['stdout', 'stderr'] as const) {
    createInterface({ input: child[stream] }).on('line', (line) => {
      lines[stream].push(line)
      onLine?.(line, stream)
    })
  }
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  clearTimeout(timer)
  const text = (all: readonly string[]): string => all.map((line) => `${line}\n`).join('')
  return { code, signal, timedOut, stdout: text(lines.stdout), stderr: text(lines.stderr) }
}

interface Held {
  readonly command: HeldCommand
  /** As a machine does whose connection went. */
  readonly cut: () => Promise<void>
}

/** A script that closes by its own hand at the end of its input has this long for it. */
const leaveLimitMs = 2_000

function hold(script: string): Held {
  const child = spawn('sh', ['-c', script], { detached: true, stdio: ['pipe', 'pipe', 'ignore'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  child.stdin.on('error', () => {})
  const ended = once(child, 'close').then(([code, signal]: readonly unknown[]) => ({
    code: typeof code === 'number' ? code : null,
    signal: typeof signal === 'string' ? signal : null,
    timedOut: false,
    stdout: '',
    stderr: '',
  }))
  const cut = async (): Promise<void> => {
    child.stdin.destroy()
    end(child)
    await ended
  }
  const command: HeldCommand = {
    ended,
    write: (text) => void (child.stdin.writable && child.stdin.write(text)),
    nextLine: async () => {
      const next = await lines.next()
      return next.done === true ? null : String(next.value)
    },
    release: async () => {
      child.stdin.end()
      const timer = setTimeout(() => end(child), leaveLimitMs)
      await ended
      clearTimeout(timer)
    },
  }
  return { command, cut }
}

function end(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It ended by itself at this moment.
  }
}
