/** The hosts alone, for what asks neither the balancer nor the app. */
import type { EnvironmentConfig } from '../config/types.ts'
import { everywhere } from '../engine/everywhere.ts'
import type { Machine } from '../engine/fleet.ts'
import { reportFindings } from '../engine/look.ts'
import { type Connections, connectAll, unreachableFindings } from './connect.ts'
import type { CommandContext } from './context.ts'
import { probeHost } from './probe-host.ts'

export interface OpenHosts {
  readonly machines: readonly Machine[]
  /** Told already. */
  readonly failed: Connections['failed']
  readonly close: () => Promise<void>
}

/** Says which hosts cannot be reached; whoever calls says what that means. Changes nothing. */
export async function openHosts(config: EnvironmentConfig, context: CommandContext): Promise<OpenHosts> {
  const { reached, failed } = await connectAll(config, config.hosts, context)
  const close = async (): Promise<void> => {
    await Promise.all(reached.map(({ host }) => host.close()))
  }
  try {
    // Neither a tool that is missing nor a full disk is in the way here.
    const probed = await everywhere(reached, (each) => probeHost(config, each, true))
    const lost = probed.flatMap((each) => (each.ok ? [] : [{ config: each.item.config, error: each.error }]))
    const all = [...failed, ...lost]
    reportFindings(unreachableFindings(all), context.report)
    return { machines: probed.flatMap((each) => (each.ok ? [each.value.machine] : [])), failed: all, close }
  } catch (error) {
    await close()
    throw error
  }
}
