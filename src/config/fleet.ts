import { isDeepStrictEqual } from 'node:util'
import { type Address, isLocal, serverText } from './addresses.ts'
import type { KeyPath, Problem } from './problem.ts'
import type { balancerShape, hostShape } from './schema.ts'
import { isObject, readSection, readValue, type Section } from './section.ts'
import { localFile } from './ssh-options.ts'
import type { BalancerConfig, HostConfig } from './types.ts'

/** What a host has where it says nothing of its own. */
export interface Inherited {
  readonly user: string | undefined
  readonly port: number | undefined
  readonly keys: readonly string[]
  readonly cwd: string
}

export interface Entry {
  readonly written: Section<typeof hostShape>
  readonly path: KeyPath
}

interface Reading {
  readonly path: KeyPath
  readonly problems: Problem[]
}

const sshPort = 22
const firstStatusPort = 21_000
const statusPorts = 1000

/** `host`: a text, or a list of texts and objects. `block` is the environment that it stands in. */
export function readHosts(
  raw: unknown,
  {
    block,
    shape,
    path,
    problems,
  }: Reading & { readonly block: Readonly<Record<string, unknown>>; readonly shape: typeof hostShape },
): readonly Entry[] {
  const items: readonly unknown[] = Array.isArray(raw) ? raw : [raw]
  if (items.length === 0) problems.push({ path, text: 'is empty: name at least one host' })
  return items.map((item, index) => {
    const at = Array.isArray(raw) ? [...path, index] : path
    if (!isObject(item)) {
      const host = item === undefined ? undefined : readValue(item, shape.host, { path: at, problems })
      return { written: host === undefined ? {} : { host }, path: at }
    }
    if (!Object.hasOwn(item, 'host')) problems.push({ path: at, text: 'has no `host`: write its SSH address' })
    return {
      written: readSection(ownKeys(item, block, { path: at, problems }), shape, { path: at, problems }),
      path: at,
    }
  })
}

/**
 * Drops the keys of the environment that a host repeats. One that differs is refused: pm2 deploy would follow it,
 * and here every host of a fleet gets the same.
 */
function ownKeys(
  item: Readonly<Record<string, unknown>>,
  block: Readonly<Record<string, unknown>>,
  { path, problems }: Reading,
) {
  const kept: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(item)) {
    const shared = sharedKeys.includes(key)
    if (!shared) kept[key] = value
    else if (value !== undefined && !isDeepStrictEqual(meaning(key, value), meaning(key, block[key]))) {
      const reason = key === 'ref' ? 'every host gets the same commit' : 'every host of a fleet gets the same'
      problems.push({
        path: [...path, key],
        text: `differs from \`${key}\` of the environment, but ${reason}: take it out here, or make an environment of its own`,
      })
    }
  }
  return kept
}

export const sharedKeys = [
  ...['ref', 'repo', 'path', 'fetch', 'env', 'ssh_options', 'forward-agent', 'needs_tty'],
  ...['pre-setup', 'post-setup', 'pre-deploy-local', 'pre-deploy', 'post-deploy'],
  ...['post-deploy-local', 'on-failure-local'],
]

/** What two ways to write it have in common: a branch follows its remote, with `origin/` or without; a folder is one. */
function meaning(key: string, value: unknown): unknown {
  if (typeof value !== 'string') return value
  const text = value.trim()
  if (key === 'ref') return text.replace(/^(refs\/remotes\/)?origin\//, '')
  return key === 'path' ? text.replace(/\/+$/, '') : text
}

/** Hosts with names that are unique. `healthPort` is where the app listens, unless a host has a `server` of its own. */
export function hostConfigs(
  entries: readonly Entry[],
  {
    inherited,
    healthPort,
    problems,
  }: { readonly inherited: Inherited; readonly healthPort: number | null; readonly problems: Problem[] },
): readonly HostConfig[] {
  const hosts = entries.flatMap(({ written, path }) => {
    const { host, key, server } = written
    if (host === undefined) return []
    const listensAt = server?.port ?? healthPort
    return [
      {
        path,
        ...machine(host, {
          ...inherited,
          user: written.user ?? inherited.user,
          port: written.port ?? host.port ?? inherited.port,
        }),
        keys: key === undefined ? inherited.keys : [localFile(key, inherited.cwd)],
        server: listensAt === null ? null : serverText(server?.address ?? host.address, listensAt),
      },
    ]
  })
  return named(hosts, problems)
}

export function balancerConfig(
  section: Section<typeof balancerShape>,
  { inherited, path, problems }: Reading & { readonly inherited: Inherited },
): BalancerConfig | null {
  for (const key of ['type', 'on', 'upstream'] as const) {
    const isReported = problems.some((problem) =>
      isDeepStrictEqual(problem.path.slice(0, path.length + 1), [...path, key]),
    )
    if (section[key] === undefined && !isReported) problems.push({ path, text: `has no \`${key}\`: ${missing[key]}` })
  }
  const machines = section.on?.map((address, index) => ({
    path: [...path, 'on', index],
    ...machine(address, { ...inherited, port: address.port ?? inherited.port }),
    server: null,
  }))
  const unique = named(machines ?? [], problems)
  if (section.type === undefined || section.upstream === undefined) return null
  const statusPort = section['status-port'] ?? firstStatusPort + (smallHash(section.upstream) % statusPorts)
  return {
    type: section.type,
    machines: unique,
    upstream: section.upstream,
    statusPort,
    config: section.config,
    folder: section.folder,
  }
}

const missing = {
  type: 'write `nginx`',
  on: 'write the SSH addresses of the nginx machines',
  upstream: 'write the name of its upstream',
} as const

export function machine(address: Address, { user, port, keys }: Inherited): Omit<HostConfig, 'name' | 'server'> {
  return { address: address.address, isLocal: isLocal(address), user: address.user ?? user, port, keys }
}

function named(
  machines: readonly (Omit<HostConfig, 'name'> & { readonly path: KeyPath })[],
  problems: Problem[],
): readonly HostConfig[] {
  const seen = new Set<string>()
  return machines.map(({ path, ...host }) => {
    const portText = host.isLocal ? host.address : serverText(host.address, host.port ?? sshPort)
    if (seen.has(portText)) problems.push({ path, text: `is \`${host.address}\` a second time: take it out` })
    seen.add(portText)
    const isAlone = machines.filter((other) => other.address === host.address).length === 1
    return { name: isAlone ? host.address : portText, ...host }
  })
}

/** Stable for ever: the port stands in files on the balancer's machines. (djb2) */
function smallHash(text: string): number {
  return Buffer.from(text).reduce((hash, byte) => (hash * 33 + byte) % 2 ** 32, 5381)
}
