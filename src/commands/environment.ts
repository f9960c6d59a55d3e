/** What every command on an environment begins with. */
import { loadEnvironment } from '../config/load.ts'
import type { EnvironmentConfig } from '../config/types.ts'
import type { Invocation } from './arguments.ts'
import type { CommandContext } from './context.ts'

type OfEnvironment = Extract<Invocation, { readonly environment: string }>

/** Reads the configuration and says what is begun, under that name. Rejects with UserError `config`, before anything is touched. */
export async function begin(
  invocation: OfEnvironment,
  context: CommandContext,
  command: string,
): Promise<EnvironmentConfig> {
  const { environment, configFile } = invocation
  const ref = refOf(invocation)
  const config = await loadEnvironment({
    cwd: context.cwd,
    environment,
    ...(configFile === null ? {} : { file: configFile }),
    ...(ref === null ? {} : { overrides: { ref } }),
  })
  context.report({ type: 'started', command, environment, hosts: config.hosts.map(({ name }) => name) })
  if (invocation.force === true && invocation.verb !== 'unlock')
    context.report({
      type: 'note',
      level: 'info',
      text: '--force: nothing to force, the local git tree is not looked at',
    })
  return config
}

/** Where another ref is asked for than the configuration's. */
function refOf(invocation: OfEnvironment): string | null {
  if ('goal' in invocation) return invocation.goal.kind === 'ref' ? invocation.goal.ref : null
  return 'ref' in invocation ? invocation.ref : null
}
