import type { SetupOptions } from '../balancers/nginx-setup.ts'
import type { BalancerConfig, EnvironmentConfig } from '../config/types.ts'
import { serverOf } from './fleet-ports.ts'

/** What nginx is to run for that fleet. */
export function nginxOptions(
  { hosts, rollout }: EnvironmentConfig,
  balancer: BalancerConfig,
): Omit<SetupOptions, 'limit'> {
  const { upstream, statusPort, folder, config } = balancer
  return {
    upstream,
    statusPort,
    batches: rollout.batches.map((batch) => batch.hosts),
    members: hosts.map(({ name }) => ({ name, server: serverOf(hosts, name) })),
    ...(folder === undefined ? {} : { folder }),
    ...(config === undefined ? {} : { nginxConfig: config }),
  }
}
