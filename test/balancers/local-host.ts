/** This machine as a `Host`, without SSH: scripts run in a `sh` of their own process group. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { CommandResult, HeldCommand, Host, RunOptions } from '../../src/hosts/host.ts'

/** `uid`: as another user, where the tests run as root. */
export function localHost(name: string, address = name, user: { readonly uid?: number } = {}): Host {
  const held = new Set<HeldCommand>()
  return {
    name,
    address,
    run: (script, options) => run(script, { ...options, ...user }),
    hold: async (script) => {
      const command = hold(script)
      held.add(command)
      return command
    },
    close: async () => {
      await Promise.all([...held].map((command) => command.release()))
    },
  }
}

type LocalOptions = RunOptions & { readonly uid?: number }

async function run(script: string, { timeoutMs, stdin = '', onLine, ...user }: LocalOptions): Promise<CommandResult> {
  const child = spawn('sh', ['-c', script], { detached: true, cwd: '/', ...user })
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    end(child)
  }, timeoutMs)
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

function hold(script: string): HeldCommand {
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
  return {
    ended,
    write: (text) => void child.stdin.write(text),
    nextLine: async () => {
      const next = await lines.next()
      return next.done === true ? null : String(next.value)
    },
    release: async () => {
      child.stdin.end()
      end(child)
      await ended
    },
  }
}

function end(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It ended by itself at this moment.
  }
}
