/** Keys of the block that `pm2 deploy` passes over, or takes for something else. */
import type { KeyPath } from '../config/problem.ts'
import type { Facts } from './facts.ts'
import type { Diagnosis } from './finding.ts'

export function judgePm2Block(facts: Facts): readonly Diagnosis[] {
  return [...passedOver(facts), ...homePath(facts), ...stuckRef(facts), ...hijacked(facts)]
}

interface Entry {
  readonly keys: Readonly<Record<string, unknown>>
  readonly path: KeyPath
}

function entries({ environment, written: { block } }: Facts): readonly Entry[] {
  const path = ['deploy', environment]
  const hosts: readonly unknown[] = Array.isArray(block.host) ? block.host : []
  return [
    { keys: block, path },
    ...hosts.flatMap((host, index) => (isObject(host) ? [{ keys: host, path: [...path, 'host', index] }] : [])),
  ]
}

const sshPort = 22

/** It reads the block as text, and takes values in quotes only. */
function passedOver(facts: Facts): readonly Diagnosis[] {
  return entries(facts).flatMap(({ keys, path }): readonly Diagnosis[] => {
    const { port, 'forward-agent': agent } = keys
    const at = (key: string) => ({
      place: facts.written.place([...path, key]),
      key,
      hosts: [],
      weight: 'warning' as const,
    })
    return [
      ...(typeof port === 'number' && port !== sshPort
        ? [
            {
              ...at('port'),
              text: `\`port\` is the number ${port}`,
              why: 'pm2 deploy passes over a port without quotes and logs in at port 22; zdr-deploy takes it.',
              hint: `port: '${port}',`,
            },
          ]
        : []),
      ...(agent === true
        ? [
            {
              ...at('forward-agent'),
              text: '`forward-agent` is true, not a text',
              why: 'pm2 deploy passes over it: the host cannot use your keys for the repository; zdr-deploy takes it.',
              hint: "'forward-agent': 'yes',",
            },
          ]
        : []),
    ]
  })
}

function homePath({ environment, written, hosts }: Facts): readonly Diagnosis[] {
  const { path } = written.block
  const homes = [...new Set(hosts.map(({ probe }) => probe.home))]
  if (typeof path !== 'string' || !path.startsWith('~')) return []
  const [home = '/home/<user>'] = homes.length === 1 ? homes : []
  return [
    {
      weight: 'warning',
      hosts: [],
      text: `\`path\` is ${path}`,
      why: 'pm2 deploy takes `~` for the home of whoever deploys; zdr-deploy for the home on the host.',
      place: written.place(['deploy', environment, 'path']),
      key: 'path',
      hint: `path: '${path.replace(/^~/, home)}',`,
    },
  ]
}

const branchNames = new Set(['main', 'master', 'develop', 'dev', 'staging', 'production'])

/** `git reset --hard master` is the branch of the host's own clone, which nothing moves. */
function stuckRef({ environment, written, hosts }: Facts): readonly Diagnosis[] {
  const { ref } = written.block
  if (typeof ref !== 'string' || /^(origin|refs|tags)\//.test(ref)) return []
  const isBranch = hosts.some(({ checkup }) => checkup?.isBranch === true)
  if (!isBranch && !branchNames.has(ref)) return []
  return [
    {
      weight: 'warning',
      hosts: [],
      text: `\`ref\` is ${ref}, without \`origin/\``,
      why: "pm2 deploy takes the branch of the host's own clone, which never moves on; zdr-deploy takes the newest commit.",
      place: written.place(['deploy', environment, 'ref']),
      key: 'ref',
      hint: `ref: 'origin/${ref}',`,
    },
  ]
}

const readByName = [
  'host',
  'port',
  'user',
  'key',
  'ref',
  'path',
  'repo',
  'ssh_options',
  'needs_tty',
  'forward-agent',
  'fetch',
]

/** It takes the last `"port":"…"` of the whole block, however deep: what an `env` says is then where it logs in. */
function hijacked({ environment, written }: Facts): readonly Diagnosis[] {
  const { block } = written
  const text = asItReads(block)
  return nested(block, ['deploy', environment]).flatMap(({ path, value }): readonly Diagnosis[] => {
    const name = String(path.at(-1))
    const taken = new RegExp(`.*"${name}":"([^"]*)"`).exec(text)?.[1]
    const own = Array.isArray(block[name]) || isObject(block[name]) ? undefined : block[name]
    if (!readByName.includes(name) || taken !== value || own === value) return []
    return [
      {
        weight: 'warning',
        hosts: [],
        text: `pm2 deploy takes \`${name}\` from \`${path.slice(2).join('.')}\``,
        why: `It reads the last "${name}" in the block, however deep it stands; zdr-deploy does not.`,
        place: written.place(path),
        key: path.slice(2).join('.'),
        // The value may be a secret.
        hint: path[2] === 'env' ? `${name.toUpperCase()}: …,` : `another name than \`${name}\``,
      },
    ]
  })
}

/** As it hands the block to its shell script, with one of the hosts. */
function asItReads(block: Facts['written']['block']): string {
  const [first] = Array.isArray(block.host) ? (block.host as readonly unknown[]) : [block.host]
  return JSON.stringify({ ...block, ...(isObject(first) ? first : { host: first }) }) ?? ''
}

interface Nested {
  readonly path: KeyPath
  readonly value: string
}

/** The texts below the block's own keys. Its hosts are its own. */
function nested(block: Facts['written']['block'], path: KeyPath): readonly Nested[] {
  const below = (value: unknown, at: KeyPath): readonly Nested[] =>
    isObject(value)
      ? Object.entries(value).flatMap(([key, inner]) =>
          typeof inner === 'string' ? [{ path: [...at, key], value: inner }] : below(inner, [...at, key]),
        )
      : []
  return Object.entries(block).flatMap(([key, value]) => (key === 'host' ? [] : below(value, [...path, key])))
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
