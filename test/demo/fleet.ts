/** A fleet on this machine, for whoever runs it: three hosts, the real nginx, a repository, and a deployer's folder. */
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Nginx, startNginx } from './nginx.ts'
import { freePorts } from './ports.ts'
import { createRepository, type Repository } from './repository.ts'
import { createKeyPair, type Door, openDoor } from './ssh-server.ts'

export interface DemoHost {
  /** web-1, web-2, … */
  readonly name: string
  readonly address: string
  /** Where its app listens. */
  readonly port: number
}

export interface DemoFleet {
  readonly hosts: readonly DemoHost[]
  readonly nginx: Nginx
  readonly repository: Repository
  /** What the deployer's programs are started with. */
  readonly env: Readonly<Record<string, string>> & { readonly HOME: string }
  /** What each host's app says it runs; `nothing` where none answers. */
  running(): Promise<readonly string[]>
}

const HOSTS = 3
/** What every host's app listens at, as it seems to that host. */
const APP_PORT = 4000
const PM2 = fileURLToPath(new URL('../../node_modules/pm2/bin/pm2', import.meta.url))
const PATH = [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin', '/usr/local/sbin', '/usr/sbin', '/sbin']

/** Starts everything in that folder; `clear` (ground.ts) ends it. */
export async function startFleet(folder: string): Promise<DemoFleet> {
  const [site = 0, statusPort = 0, ...ports] = await freePorts(2 + HOSTS)
  const hosts = ports.map((port, index) => ({ name: `web-${index + 1}`, address: `127.0.0.${index + 2}`, port }))
  const key = createKeyPair()
  const env = environment(folder, 'deployer')
  await mkdir(join(env.HOME, '.ssh'), { recursive: true, mode: 0o700 })
  await writeFile(join(env.HOME, '.ssh/id_ed25519'), key.private, { mode: 0o600 })
  const doors = await Promise.all([
    ...hosts.map((host) => openHost(folder, host, key.public)),
    openBalancer(folder, key.public),
  ])
  await writeFile(join(env.HOME, '.ssh/config'), doors.map(({ text }) => text).join(''))
  await writeFile(join(env.HOME, '.ssh/known_hosts'), doors.map(({ known }) => known).join(''))
  const nginxFolder = join(folder, 'nginx')
  const nginx = await startNginx({
    folder: nginxFolder,
    port: site,
    servers: hosts.map(serverOf),
    env: environment(folder, 'balancer'),
  })
  const balancer = { 'status-port': statusPort, config: nginx.config, folder: join(nginxFolder, 'switch') }
  const repository = await createRepository({ folder: join(folder, 'git'), env, deploy: deployBlock(hosts, balancer) })
  return { hosts, nginx, repository, env, running: () => Promise.all(hosts.map(versionOn)) }
}

function deployBlock(hosts: readonly DemoHost[], balancer: Readonly<Record<string, unknown>>) {
  return {
    user: userInfo().username,
    host: hosts.map((host) => ({ host: host.name, server: serverOf(host) })),
    ref: 'origin/main',
    path: '~/shop',
    'post-deploy':
      'npm install --offline --no-audit --no-fund && pm2 startOrReload ecosystem.config.js --env production',
    health: { url: `http://localhost:${APP_PORT}/health`, interval: '200ms', stable: '2s', start: '10s' },
    balancer: { type: 'nginx', on: ['balancer'], upstream: 'shop', ...balancer },
    rollout: { batch: 1, 'min-serving': 2 },
  }
}

/**
 * A host has a door, a home, pm2, and a `localhost` of its own. The last one is what three hosts on one network do not
 * have; so the curl that is found there goes where this host's app is.
 */
async function openHost(folder: string, host: DemoHost, authorized: string): Promise<Entrance> {
  const env = environment(folder, host.name)
  const bin = join(env.HOME, 'bin')
  await mkdir(bin, { recursive: true })
  await symlink(PM2, join(bin, 'pm2'))
  const target = `localhost:${APP_PORT}:${host.address}:${host.port}`
  // `-q` counts only as the first word.
  const curl = `#!/bin/sh\nPATH=${PATH.join(':')}\nexec curl -q --connect-to ${target} "$@"\n`
  await writeFile(join(bin, 'curl'), curl)
  await chmod(join(bin, 'curl'), 0o755)
  const app = { PORT: String(host.port), SHOP_HOST: host.name, SHOP_ADDRESS: host.address }
  return open(host, authorized, { ...env, ...app, PATH: `${bin}:${env.PATH}` })
}

async function openBalancer(folder: string, authorized: string): Promise<Entrance> {
  const env = environment(folder, 'balancer')
  await mkdir(env.HOME, { recursive: true })
  return open({ name: 'balancer', address: '127.0.0.1' }, authorized, env)
}

interface Entrance {
  readonly door: Door
  /** For ssh_config, and for known_hosts. */
  readonly text: string
  readonly known: string
}

async function open(
  { name, address }: Pick<DemoHost, 'name' | 'address'>,
  authorized: string,
  env: DemoFleet['env'],
): Promise<Entrance> {
  const door = await openDoor({ address, authorized, env })
  return {
    door,
    text: `Host ${name}\n  HostName ${address}\n  Port ${door.port}\n`,
    known: `[${address}]:${door.port} ${door.hostKey}\n`,
  }
}

/** Nothing of whoever runs the demo: no agent, no npm settings, no pm2. */
function environment(folder: string, name: string) {
  return { HOME: join(folder, name), PATH: PATH.join(':'), USER: userInfo().username, LANG: 'C.UTF-8' }
}

function serverOf({ address, port }: DemoHost): string {
  return `${address}:${port}`
}

const ANSWER_TIMEOUT_MS = 5_000

function versionOn({ address, port }: DemoHost): Promise<string> {
  return new Promise((resolve) => {
    const url = `http://${address}:${port}/version`
    const request = get(url, { agent: false, timeout: ANSWER_TIMEOUT_MS }, (response) => {
      response.resume()
      resolve(String(response.headers['x-version'] ?? 'something else'))
    })
    request.on('timeout', () => request.destroy()).on('error', () => resolve('nothing'))
  })
}
