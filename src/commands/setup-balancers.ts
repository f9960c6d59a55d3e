/** What `setup` does on the machines of the balancer, and says of it. */
import type { SetupReport } from '../balancers/nginx-setup.ts'
import type { BalancerConfig, EnvironmentConfig } from '../config/types.ts'
import { reportFindings } from '../engine/look.ts'
import { twice } from '../hosts/limits.ts'
import type { Connected } from './connect.ts'
import type { CommandContext } from './context.ts'
import type { OpenFleet } from './fleet.ts'
import { nginxOptions } from './nginx-options.ts'

export interface SettingUpBalancers {
  readonly config: EnvironmentConfig
  readonly context: CommandContext
  readonly open: OpenFleet
  /** Names of hosts that have nothing to serve yet, where others have. */
  readonly newcomers: readonly string[]
}

/** True where every machine of the balancer says that it runs the switch. */
export async function setUpBalancers({ config, context, open, newcomers }: SettingUpBalancers): Promise<boolean> {
  const { balancers } = open
  const { balancer } = config
  if (balancer === null) return true
  const { setupNginx } = await import('../balancers/nginx-setup.ts')
  // It is tested and shown several times, and nginx reads it anew.
  const options = { ...nginxOptions(config, balancer), limit: twice(config.timeouts.step), newcomers }
  let isReady = true
  // One after another: where the first refuses, the others keep what they have.
  for (const each of balancers) {
    const report = await setupNginx(each.host, options)
    tell(report, { context, balancer, machine: each })
    isReady &&= report.live
  }
  return isReady
}

interface Telling {
  readonly context: CommandContext
  readonly balancer: BalancerConfig
  readonly machine: Connected
}

function tell(
  { changed, live, missing, refusals, notes, script }: SetupReport,
  { context, balancer, machine }: Telling,
): void {
  const host = machine.config.name
  reportFindings(
    refusals.map(({ file, line, text, hint }) => ({ weight: 'error', host, text: `${file}:${line} ${text}`, hint })),
    context.report,
  )
  reportFindings(
    notes.map(({ file, line, text, hint }) => ({ weight: 'warning', host, text: `${file}:${line} ${text}`, hint })),
    context.report,
  )
  const say = (level: 'info' | 'warning', text: string): void => context.report({ type: 'note', level, host, text })
  if (script !== null)
    say('warning', `needs root, or sudo without a password. Run this there as root:\n${pasted(script)}`)
  if (missing.length > 0)
    say(
      'warning',
      `the site lacks these lines:\n${missing.map(({ where, text }) => `  ${where}:\n    ${text}`).join('\n')}`,
    )
  if (live)
    say(
      'info',
      changed
        ? `nginx runs the switch for upstream ${balancer.upstream}`
        : 'nothing to change: nginx runs the switch already',
    )
}

/** In a shell of its own: at its `exit` the one that it is pasted into would end, with all that was said. */
export function pasted(script: string): string {
  return `sh <<'END_OF_SCRIPT'\n${script.replace(/\n*$/, '')}\nEND_OF_SCRIPT`
}
