/** Commands on the deployer's own machine: `pre-deploy-local`, and what is told of the end. Each runs once, not once for each host. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EnvironmentConfig } from '../config/types.ts'
import { UserError } from '../errors.ts'
import { type Limit, limitText } from '../hosts/limits.ts'
import type { CommandContext } from './context.ts'

/** What it is told, beside the environment of whoever deploys: `env` is for the hosts. */
export type Told = Readonly<Record<`ZDR_${string}`, string>>

export interface LocalHook {
  /** As the configuration calls it, for messages. */
  readonly key: 'pre-deploy-local' | 'post-deploy-local' | 'on-failure-local'
  readonly commands: readonly string[]
  readonly told: Told
  readonly config: Pick<EnvironmentConfig, 'environment' | 'timeouts'>
  readonly context: Pick<CommandContext, 'cwd' | 'env' | 'report'>
  /** Ends the command, with all that it has started. */
  readonly signal: AbortSignal
}

/**
 * One after another; rejects with UserError `host-command` at the first that fails, takes longer than `timeouts.prepare`,
 * or is ended. Whatever is ended is over then.
 */
export async function runLocally(hook: LocalHook): Promise<void> {
  for (const command of hook.commands) await runOne(command, hook)
}

async function runOne(command: string, { key, told, config, context, signal }: LocalHook): Promise<void> {
  const env = { ...context.env, ZDR_ENVIRONMENT: config.environment, ...told }
  const lines: string[] = []
  const end = await ended(command, {
    cwd: context.cwd,
    env,
    limit: config.timeouts.prepare,
    signal,
    onLine: (line) => {
      lines.push(line)
      context.report({ type: 'output', host: 'local', line })
    },
  })
  if (end === 0) return
  throw new UserError('host-command', `${key} ${endText(end, config.timeouts.prepare)}: ${command}`, {
    output: lines.slice(-outputLinesMax).join('\n'),
  })
}

const outputLinesMax = 30

type End = number | NodeJS.Signals | 'late' | 'interrupted'

function endText(end: End, limit: Limit): string {
  if (end === 'interrupted') return 'was interrupted'
  return end === 'late' ? `did not end within ${limitText(limit)}` : `failed with ${end}`
}

interface Running {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly limit: Limit
  readonly signal: AbortSignal
  readonly onLine: (line: string) => void
}

/**
 * Under bash where it is here, else sh, as on the hosts. In a group of its own, so that all of it can be ended: a Ctrl-C
 * at the terminal is heard by us, and passed on.
 */
function ended(command: string, { cwd, env, limit, signal, onLine }: Running): Promise<End> {
  if (signal.aborted) return Promise.resolve('interrupted')
  const child = spawn('sh', ['-c', underBash, 'sh', command], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', onLine)
  return new Promise((resolve, reject) => {
    let isCut = false
    // What it has started may go on, and is not listened to any more.
    const leave = (): void => {
      for (const stream of [child.stdout, child.stderr]) stream.destroy()
    }
    const cut = (end: End): void => {
      isCut = true
      forget()
      const over = (): void => {
        leave()
        resolve(end)
      }
      void endGroup(child).then(over)
    }
    const interrupt = (): void => cut('interrupted')
    // We may have to leave at once.
    const kill = (): boolean => signalGroup(child, 'SIGKILL')
    const timer = setTimeout(cut, limit.timeoutMs, 'late')
    const forget = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', interrupt)
    }
    signal.addEventListener('abort', interrupt)
    process.once('exit', kill)
    child.once('error', reject)
    child.once('exit', (code, by) => {
      if (isCut) return
      forget()
      process.off('exit', kill)
      const rest = setTimeout(leave, restMs)
      child.once('close', () => {
        clearTimeout(rest)
        resolve(code ?? by ?? 'late')
      })
    })
  })
}

/** For its last lines: a process that it leaves behind may hold its output open for ever. */
const restMs = 1_000
/** As much as a step on a host has, when it is told to end. */
const endPatienceMs = 2_000
const endLookMs = 25

/** Its processes are told to end, and after a while made to. */
async function endGroup(child: ChildProcess): Promise<void> {
  signalGroup(child, 'SIGTERM')
  for (let waitedMs = 0; waitedMs < endPatienceMs && signalGroup(child, 0); waitedMs += endLookMs)
    await sleep(endLookMs)
  signalGroup(child, 'SIGKILL')
}

/** False where nothing of it is there any more. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  try {
    return pid !== undefined && process.kill(-pid, signal)
  } catch {
    return false
  }
}

const underBash = 'if command -v bash >/dev/null 2>&1; then exec bash -c "$1"; fi; exec sh -c "$1"'
