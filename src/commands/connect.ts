/** From the configuration to connections: who is reached how, and everything that keeps us from it, at once. */
import { homedir } from 'node:os'
import type { Finding } from '../balancers/balancer.ts'
import type { EnvironmentConfig, HostConfig } from '../config/types.ts'
import { everywhere } from '../engine/everywhere.ts'
import { findingOf } from '../engine/look.ts'
import type { UserError } from '../errors.ts'
import type { Host } from '../hosts/host.ts'
import type { SshTarget } from '../hosts/ssh.ts'
import type { CommandContext } from './context.ts'

export interface Connected {
  readonly config: HostConfig
  readonly host: Host
}

export interface Connections {
  readonly reached: readonly Connected[]
  readonly failed: readonly { readonly config: HostConfig; readonly error: UserError }[]
}

/** What of a configuration says how machines are reached. */
export interface Way extends Pick<EnvironmentConfig, 'ssh'> {
  readonly timeouts: Pick<EnvironmentConfig['timeouts'], 'connect'>
}

export interface Connecting extends Pick<CommandContext, 'env' | 'report'> {
  /** Nothing is written down, not even a new host key that is accepted. */
  readonly onlyLooks?: boolean
}

/** Connects to all of them at once. Never rejects for a host: whoever calls decides what a host that is not there means. */
export async function connectAll(
  config: Way,
  machines: readonly HostConfig[],
  connecting: Connecting,
): Promise<Connections> {
  const settled = await everywhere(machines, (machine) => connectOne(config, machine, connecting))
  return {
    reached: settled.flatMap((each) => (each.ok ? [{ config: each.item, host: each.value }] : [])),
    failed: settled.flatMap((each) => (each.ok ? [] : [{ config: each.item, error: each.error }])),
  }
}

async function connectOne(
  { ssh, timeouts }: Way,
  machine: HostConfig,
  { env, report, onlyLooks = false }: Connecting,
): Promise<Host> {
  if (machine.isLocal) {
    const { localHost } = await import('../hosts/local-host.ts')
    return localHost({ ...machine, env, home: env.HOME ?? homedir(), limit: timeouts.connect })
  }
  const [{ connect }, { resolveTarget }] = await Promise.all([
    import('../hosts/ssh.ts'),
    import('../hosts/ssh-config.ts'),
  ])
  const target = await resolveTarget({ ...machine, ssh, home: env.HOME ?? homedir(), env })
  const onWarning = (text: string): void => report({ type: 'note', level: 'warning', host: machine.name, text })
  return connect(onlyLooks ? withoutWriting(target) : target, { onWarning, limit: timeouts.connect })
}

function withoutWriting(target: SshTarget): SshTarget {
  const { strictHostKeyChecking: strictness, jump } = target
  return {
    ...target,
    strictHostKeyChecking: strictness === 'accept-new' ? 'no' : strictness,
    jump: jump === null ? null : withoutWriting(jump),
  }
}

/** What keeps us from machines, as findings: told together with all that is found on the others. */
export function unreachableFindings(failed: Connections['failed']): readonly Finding[] {
  return failed.map(({ config, error }) => findingOf(config.name, error))
}
