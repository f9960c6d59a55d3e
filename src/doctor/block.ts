/** What the block says, and what it lacks: for a roll, not for `pm2 deploy`. */
import type { Facts, HostFacts } from './facts.ts'
import type { Diagnosis } from './finding.ts'

export function judgeBlock(facts: Facts): readonly Diagnosis[] {
  return [
    ...refused(facts),
    ...warned(facts),
    ...noHealth(facts),
    ...noBalancer(facts),
    ...unchecked(facts),
    ...noAgent(facts),
  ]
}

function refused({ written }: Facts): readonly Diagnosis[] {
  return written.problems.map(({ path, text }) => {
    const key = path
      .slice(2)
      .reduce<string>((whole, part) => (typeof part === 'number' ? `${whole}[${part}]` : `${whole}.${part}`), '')
    const name = key.replace(/^\./, '')
    return {
      weight: 'error',
      hosts: [],
      text: name === '' ? `the block ${text}` : `\`${name}\` ${text}`,
      why: 'zdr-deploy refuses to deploy with it.',
      place: written.place(path),
      ...(name === '' ? {} : { key: name }),
    }
  })
}

function warned({ environment, written }: Facts): readonly Diagnosis[] {
  return written.warnings.map((text) => ({
    weight: 'note',
    hosts: [],
    text,
    place: written.place(['deploy', environment]),
  }))
}

function noHealth({ environment, written, hosts }: Facts): readonly Diagnosis[] {
  if (written.block.health !== undefined || written.problems.some(({ text }) => text.includes('`health`'))) return []
  return [
    {
      weight: 'warning',
      hosts: [],
      text: 'there is no `health`',
      why: 'Nobody asks a new release whether it answers: one that answers 500 to everybody is a success.',
      place: written.place(['deploy', environment]),
      key: 'health',
      hint: `health: 'http://localhost:${portOf(hosts) ?? '<port>'}/<a path that asks the database too>',`,
    },
  ]
}

/** Where the app listens on one port, and on the same everywhere. */
function portOf(hosts: readonly HostFacts[]): number | null {
  const ports = new Set(hosts.flatMap(({ checkup }) => checkup?.ports ?? []))
  const [port] = ports
  return ports.size === 1 && port !== undefined ? port : null
}

function noBalancer({ environment, written, config }: Facts): readonly Diagnosis[] {
  const count = config?.hosts.length ?? 0
  const place = written.place(['deploy', environment])
  if (count === 0) return []
  if (count === 1)
    return [
      {
        weight: 'note',
        hosts: [],
        text: 'there is one host',
        why: 'Users reach the app while it reloads: no request fails only where the reload itself is graceful.',
      },
    ]
  if (written.block.balancer !== undefined) return []
  return [
    {
      weight: 'warning',
      hosts: [],
      text: 'there is no `balancer`',
      why: 'No host can be taken out of rotation: users reach each one while it reloads.',
      place,
      key: 'balancer',
      hint: "balancer: { type: 'nginx', on: ['<SSH address of nginx>'], upstream: '<the name of its upstream>' },",
    },
  ]
}

function unchecked({ environment, written, config }: Facts): readonly Diagnosis[] {
  if (config?.ssh.strictHostKeyChecking !== 'no') return []
  return [
    {
      weight: 'warning',
      hosts: [],
      text: 'an unknown host key is accepted (`StrictHostKeyChecking=no`)',
      why: 'Whoever stands between you and a host can take its place.',
      place: written.place(['deploy', environment, 'ssh_options']),
      key: 'ssh_options',
      hint: 'StrictHostKeyChecking=accept-new',
    },
  ]
}

function noAgent({ environment, written, config, hasAgent, hosts }: Facts): readonly Diagnosis[] {
  if (config?.ssh.forwardAgent !== true || hasAgent) return []
  const isNeeded = hosts.length === 0 || hosts.some(({ checkup }) => checkup?.repositoryError != null)
  return [
    {
      weight: isNeeded ? 'error' : 'note',
      hosts: [],
      text: 'your SSH agent is to be forwarded, and none runs here (SSH_AUTH_SOCK is not set)',
      why: isNeeded
        ? 'The hosts count on your keys to read the repository.'
        : 'The hosts read the repository without it.',
      place: written.place(['deploy', environment, 'forward-agent']),
      key: 'forward-agent',
      hint: 'run here: eval "$(ssh-agent)" && ssh-add',
    },
  ]
}
