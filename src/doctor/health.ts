/** What the health check proves. */
import type { Facts, HostFacts } from './facts.ts'
import type { Diagnosis } from './finding.ts'

export function judgeHealth(facts: Facts): readonly Diagnosis[] {
  return facts.hosts.flatMap((host) => [...ill(host), ...ofAnother(host, facts), ...saysNothing(host, facts)])
}

function ill({ host, health, processes }: HostFacts): readonly Diagnosis[] {
  if (health === null || health.healthy || processes?.length === 0) return []
  return [
    {
      weight: 'error',
      hosts: [host],
      text: `${health.url} says: ${health.detail}`,
      why: 'What is not healthy now cannot be told from a bad release.',
      hint: `on that host: curl -i ${health.url}`,
    },
  ]
}

function ofAnother({ host, health }: HostFacts, { environment, written }: Facts): readonly Diagnosis[] {
  if (health === null || health.foreignListener === null) return []
  return [
    {
      weight: 'warning',
      hosts: [host],
      text: `${health.url} is answered by ${health.foreignListener}, not by the app`,
      why: 'The answer does not depend on the release: a broken one could pass.',
      place: written.place(['deploy', environment, 'health']),
      key: 'health',
      hint: "health: 'http://localhost:<the app's own port>/…',",
    },
  ]
}

function saysNothing({ host, health }: HostFacts, { environment, written }: Facts): readonly Diagnosis[] {
  if (health?.anyPathIsHealthy !== true) return []
  return [
    {
      weight: 'warning',
      hosts: [host],
      text: `${new URL(health.url).origin} answers paths that do not exist in the same way as the health check`,
      why: 'So the check proves that something answers, not that the release works.',
      place: written.place(['deploy', environment, 'health']),
      key: 'health',
      hint: "health: 'http://…/<a path that only a working release answers so>',",
    },
  ]
}
