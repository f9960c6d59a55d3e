/** `pre-deploy-local`: commands on the deployer's own machine, once, before anything is prepared. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { EnvironmentConfig } from '../config/types.ts'
import { UserError } from '../errors.ts'
import type { Manifest } from '../hosts/history.ts'
import type { CommandContext } from './context.ts'

export interface LocalHook {
  readonly config: EnvironmentConfig
  readonly manifest: Manifest
  readonly context: CommandContext
}

/** One after another; rejects with UserError `host-command` at the first that fails. */
export async function runLocally(commands: readonly string[], hook: LocalHook): Promise<void> {
  for (const command of commands) await runOne(command, hook)
}

async function runOne(command: string, { config, manifest, context }: LocalHook): Promise<void> {
  const env = {
    ...context.env,
    ...config.env,
    ZDR_ENVIRONMENT: config.environment,
    ZDR_SHA: manifest.sha,
    ZDR_RELEASE: manifest.id,
  }
  const child = spawn('sh', ['-c', command], { cwd: context.cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line)
      context.report({ type: 'output', host: 'local', line })
    })
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  if (code === 0) return
  throw new UserError('host-command', `pre-deploy-local failed with ${code}: ${command}`, {
    output: lines.slice(-outputLinesMax).join('\n'),
  })
}

const outputLinesMax = 30
