/** What is asked for, as it is typed: the configuration's `rollout`, and the command. */
import { parseArguments, type Wishes } from '../../src/commands/arguments.ts'
import type { Problem } from '../../src/config/problem.ts'
import { rolloutConfig } from '../../src/config/rollout.ts'
import { rolloutShape } from '../../src/config/schema.ts'
import { readSection } from '../../src/config/section.ts'
import type { EnvironmentConfig } from '../../src/config/types.ts'
import type { HostName } from '../../src/rollout/model.ts'
import { environment } from '../commands/environment.ts'
import { install, migration } from './release.ts'

export interface Asked {
  /** `zdr-deploy production --skip web-3` */
  readonly command: string
  readonly wishes: Wishes
  /** To a deploy that was cut off. */
  readonly answer: 'resume' | 'abort' | null
}

export async function readCommand(command: string): Promise<Asked> {
  const [program, ...argv] = command.split(' ')
  const invocation = await parseArguments(argv)
  const { verb } = invocation
  if (program !== 'zdr-deploy' || (verb !== 'deploy' && verb !== 'resume' && verb !== 'abort'))
    throw new Error(`${command} deploys nothing`)
  return { command, wishes: invocation, answer: verb === 'deploy' ? null : verb }
}

export interface Configured {
  readonly config: EnvironmentConfig
  /** What the configuration is refused for, one line each. */
  readonly problems: readonly string[]
}

type Settings = ReadonlyMap<string, string>

export function configure(settings: Settings, hosts: readonly HostName[]): Configured {
  const path = ['rollout']
  const problems: Problem[] = []
  const section = readSection(rolloutSettings(settings), rolloutShape, { path, problems })
  const rollout = rolloutConfig(section, { hosts, hasBalancer: settings.get('balancers') !== '0', path, problems })
  const config = environment({
    rollout,
    split: {
      prepare: [install],
      byLockfile: false,
      activate: ['pm2 reload app.config.js'],
      manager: 'pm2',
      reason: '',
    },
    migrate: settings.has('migrate') ? migration : null,
  })
  return { config, problems: problems.map((problem) => `${problem.path.join('.')} ${problem.text}`) }
}

function rolloutSettings(settings: Settings): Record<string, unknown> {
  const written = [...settings].filter(([key]) => key in rolloutShape)
  return Object.fromEntries(written.map(([key, text]) => [key, key === 'batch' ? readBatch(text) : readSize(text)]))
}

/** `2`, or a list: `1 (pause), 25%, 100%`. */
function readBatch(text: string): unknown {
  const sizes = text.split(', ').map((size) => {
    const [, written = size] = /^(.+) \(pause\)$/.exec(size) ?? []
    return written === size ? readSize(size) : { size: readSize(written), pause: true }
  })
  return sizes.length === 1 ? sizes[0] : sizes
}

function readSize(text: string): unknown {
  return /^\d+$/.test(text) ? Number(text) : text
}
