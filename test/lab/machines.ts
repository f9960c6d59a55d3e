import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DiskOptions } from './disk.ts'
import { GIT_FILES, GIT_PREPARE } from './git.ts'
import type { Ground } from './ground.ts'
import { createKey, type Key } from './keys.ts'
import { type Machine, startMachine } from './machine.ts'
import { NGINX_PREPARE, NGINX_SERVICES, nginxFiles } from './nginx.ts'

export interface Machines {
  readonly directory: string
  readonly hosts: readonly Machine[]
  readonly balancer: Machine
  readonly git: Machine
  readonly key: string
  readonly rootKey: string
  readonly knownHosts: string
}

export interface Folders {
  /** The deployer's, for the keys that it may use. */
  readonly directory: string
  readonly disks: string
  /** For the machines' own keys. */
  readonly keys: string
}

export const APP_PORT = 4000
const BALANCER = { name: 'balancer', address: '10.77.0.2' }
const GIT = { name: 'git', address: '10.77.0.3' }
const FIRST_HOST = 11

/** The servers of those hosts, as nginx lists them. */
export function serversOf(hosts: readonly Named[]): readonly string[] {
  return hosts.map(({ address }) => `${address}:${APP_PORT}`)
}

/** Makes and starts all machines, at once. */
export async function startMachines(ground: Ground, hostCount: number, folders: Folders): Promise<Machines> {
  const hosts = Array.from({ length: hostCount }, (_, index) => ({
    name: `web-${index + 1}`,
    address: `10.77.0.${FIRST_HOST + index}`,
  }))
  const keys = await makeKeys([BALANCER, GIT, ...hosts], folders)
  const knownHosts = join(folders.directory, 'known_hosts')
  await writeFile(knownHosts, keys.knownHosts)
  const start = (machine: Named, own: Own) =>
    startMachine(ground, folders.disks, diskOptions([BALANCER, GIT, ...hosts], keys, { ...machine, ...own }))
  const [balancer, git, ...started] = await Promise.all([
    start(BALANCER, { files: nginxFiles(serversOf(hosts)), prepare: NGINX_PREPARE, services: NGINX_SERVICES }),
    start(GIT, { files: GIT_FILES, prepare: GIT_PREPARE, gitUser: keysOf(hosts, keys) }),
    ...hosts.map((host) => start(host, { prepare: HOST_PREPARE, files: ownKey(host, keys) })),
  ])
  return {
    directory: folders.directory,
    hosts: started,
    balancer,
    git,
    key: keys.deployer.file,
    rootKey: keys.root.file,
    knownHosts,
  }
}

interface Named {
  readonly name: string
  readonly address: string
}

/** What a machine has that others have not. */
interface Own {
  readonly files?: Readonly<Record<string, string>>
  readonly prepare?: string
  readonly services?: string
  /** Keys of a user `git`. */
  readonly gitUser?: readonly string[]
}

interface Keys {
  readonly deployer: Key
  readonly root: Key
  /** The key by which each machine is known. */
  readonly machines: ReadonlyMap<string, Key>
  /** The key by which `deploy` on each machine reaches the repository. */
  readonly users: ReadonlyMap<string, Key>
  readonly knownHosts: string
}

async function makeKeys(machines: readonly Named[], { directory, keys }: Folders): Promise<Keys> {
  const make = async (kind: string) =>
    new Map(
      await Promise.all(
        machines.map(async ({ name }) => [name, await createKey(join(keys, `${kind}-${name}`))] as const),
      ),
    )
  const [deployer, root, hostKeys, users] = await Promise.all([
    createKey(join(directory, 'id_ed25519')),
    createKey(join(directory, 'id_root')),
    make('machine'),
    make('deploy'),
  ])
  const lines = machines.map(({ name, address }) => `${address} ${of(hostKeys, name).public}`)
  return { deployer, root, machines: hostKeys, users, knownHosts: lines.join('') }
}

function diskOptions(machines: readonly Named[], keys: Keys, own: Named & Own): DiskOptions {
  const deploy = [keys.deployer.public, keys.root.public]
  return {
    name: own.name,
    address: own.address,
    users: {
      root: [keys.root.public],
      deploy,
      ...(own.gitUser === undefined ? {} : { git: [...deploy, ...own.gitUser] }),
    },
    hostKey: of(keys.machines, own.name).private,
    hostsFile: machines.map(({ name, address }) => `${address} ${name}\n`).join(''),
    knownHosts: keys.knownHosts,
    files: own.files ?? {},
    prepare: own.prepare ?? '',
    services: own.services ?? '',
  }
}

function keysOf(hosts: readonly Named[], keys: Keys): readonly string[] {
  return hosts.map(({ name }) => of(keys.users, name).public)
}

const OWN_KEY = '/etc/zdr-lab/id_ed25519'

function ownKey({ name }: Named, keys: Keys): Record<string, string> {
  return { [OWN_KEY]: of(keys.users, name).private }
}

/** ssh takes a key only from a file that nobody else may read. */
const HOST_PREPARE = `
install -d -o deploy -m 700 /home/deploy/.ssh
install -o deploy -m 600 ${OWN_KEY} /home/deploy/.ssh/id_ed25519
install -d -o deploy /var/www`

function of(keys: ReadonlyMap<string, Key>, name: string): Key {
  const key = keys.get(name)
  if (key === undefined) throw new Error(`no key was made for ${name}`)
  return key
}
