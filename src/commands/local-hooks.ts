/** Commands on the deployer's own machine: `pre-deploy-local`, and what is told of the end. Each runs once, not once for each host. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { EnvironmentConfig } from '../config/types.ts'
import { UserError } from '../errors.ts'
import { type Limit, limitText } from '../hosts/limits.ts'
import type { CommandContext } from './context.ts'

/** What it is told beside `env`, in its environment. */
export type Told = Readonly<Record<`ZDR_${string}`, string>>

export interface LocalHook {
  /** As the configuration calls it, for messages. */
  readonly key: 'pre-deploy-local' | 'post-deploy-local' | 'on-failure-local'
  readonly commands: readonly string[]
  readonly told: Told
  readonly config: Pick<EnvironmentConfig, 'environment' | 'env' | 'timeouts'>
  readonly context: Pick<CommandContext, 'cwd' | 'env' | 'report'>
}

/** One after another; rejects with UserError `host-command` at the first that fails, or takes longer than `timeouts.prepare`. */
export async function runLocally(hook: LocalHook): Promise<void> {
  for (const command of hook.commands) await runOne(command, hook)
}

async function runOne(command: string, { key, told, config, context }: LocalHook): Promise<void> {
  const env = { ...context.env, ...config.env, ZDR_ENVIRONMENT: config.environment, ...told }
  const lines: string[] = []
  const end = await ended(command, {
    cwd: context.cwd,
    env,
    limit: config.timeouts.prepare,
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

type End = number | NodeJS.Signals | 'late'

function endText(end: End, limit: Limit): string {
  return end === 'late' ? `did not end within ${limitText(limit)}` : `failed with ${end}`
}

interface Running {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly limit: Limit
  readonly onLine: (line: string) => void
}

/** Under bash where it is here, else sh, as on the hosts; in our own session, for a Ctrl-C at the terminal is meant for it as well. */
function ended(command: string, { cwd, env, limit, onLine }: Running): Promise<End> {
  const child = spawn('sh', ['-c', underBash, 'sh', command], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', onLine)
  return new Promise((resolve, reject) => {
    // What it has started may go on, and is not listened to any more.
    const leave = (): void => {
      for (const stream of [child.stdout, child.stderr]) stream.destroy()
    }
    const timer = setTimeout(() => {
      child.kill()
      leave()
      resolve('late')
    }, limit.timeoutMs)
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      const rest = setTimeout(leave, restMs)
      child.once('close', () => {
        clearTimeout(rest)
        resolve(code ?? signal ?? 'late')
      })
    })
  })
}

/** For its last lines: a process that it leaves behind may hold its output open for ever. */
const restMs = 1_000

const underBash = 'if command -v bash >/dev/null 2>&1; then exec bash -c "$1"; fi; exec sh -c "$1"'
