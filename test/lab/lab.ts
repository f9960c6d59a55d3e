/**
 * Real machines for real deploys, on one Linux box, as root: app hosts, a balancer with nginx, a git host, each with its
 * own network, processes, disk and sshd; and the deployer, who has a key and a folder. Try it by hand:
 * `npx jiti test/lab/try.ts`.
 */
import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BadLine, type BadLineOptions, spoilLine } from './bad-line.ts'
import { type DeployOptions, type RunningDeploy, startProgram } from './deployer.ts'
import { type GitHost, gitHost, repositoryUrl } from './git.ts'
import { type Ground, openGround } from './ground.ts'
import { DEFAULT_RATES, HAMMER_DURATION_MS, type Hammer, REQUEST_TIMEOUT_MS, startHammer } from './hammer.ts'
import type { HammerSettings } from './hammer-counts.ts'
import { type Line, lineToDeployer } from './line.ts'
import { cableOf, type Machine } from './machine.ts'
import { APP_PORT, type Machines, serversOf, startMachines } from './machines.ts'
import { type Site, siteOf } from './nginx.ts'
import { folderPrefix, sweep } from './sweep.ts'

export interface LabOptions {
  readonly hosts: number
  /** A short word for the lab's folder, to know it by. */
  readonly name?: string
}

export interface Lab {
  /** The deployer's own folder, and HOME: the configuration, keys and known_hosts. No clone of the app. */
  readonly directory: string
  /** web-1, web-2, … */
  readonly hosts: readonly Machine[]
  readonly balancer: Machine
  readonly site: Site
  readonly git: GitHost
  /** The deployer's private key: opens `deploy` on every machine, and the repository. No root with it. */
  readonly key: string
  /** Whose key opens `root` on every machine too: for `setup`. */
  readonly rootKey: string
  readonly knownHosts: string
  /** Writes ecosystem.config.cjs with the `production` block of the README; overrides replace its keys. Its path. */
  config(overrides?: Readonly<Record<string, unknown>>): Promise<string>
  /** Runs our command line as the deployer, from the built `dist`. */
  deploy(args: readonly string[], options?: DeployOptions): RunningDeploy
  /** Runs any program as the deployer: `pm2 deploy`, curl. */
  program(command: readonly [string, ...string[]], options?: DeployOptions): RunningDeploy
  /** Starts requests against the balancer, or `url`. */
  hammer(options?: HammerOptions): Promise<Hammer>
  /** The line between the deployer and a machine. */
  line(machine: Machine): Line
  /** A bad line between the deployer and all machines, which have their good ones among themselves. Until it ends, none is started. */
  slow(line: BadLineOptions): Promise<BadLine>
  /** The version that each host's app says it runs; `v1,v2` where its workers differ, `nothing` where none answers. */
  running(): Promise<Record<string, string>>
  /** Ends everything. May be called twice; a process that ends without it leaves only an empty folder. */
  stop(): Promise<void>
}

export interface HammerOptions extends Partial<Omit<HammerSettings, 'rates'>> {
  /** Those not named keep their default; 0 is none of that kind. */
  readonly rates?: Partial<HammerSettings['rates']>
  /** The machine that makes the requests; the deployer's where none is named. */
  readonly from?: Machine
}

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

/** Brings a lab up, in a few seconds. Several may run at once. */
export async function startLab({ hosts, name = 'lab' }: LabOptions): Promise<Lab> {
  await sweep()
  const folder = await mkdtemp(folderPrefix(name))
  const clear = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', clear)
  const folders = { directory: join(folder, 'deployer'), disks: join(folder, 'disks'), keys: join(folder, 'keys') }
  for (const path of Object.values(folders)) await mkdir(path)
  const ground = await openGround(folders.disks)
  const stop = async () => {
    await ground.close()
    process.off('exit', clear)
    clear()
  }
  try {
    const machines = await startMachines(ground, hosts, folders)
    return { ...machines, ...actions(ground, machines), git: await gitHost(machines.git), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

type Actions = Pick<Lab, 'site' | 'config' | 'deploy' | 'program' | 'hammer' | 'line' | 'slow' | 'running'>

function actions(ground: Ground, machines: Machines): Actions {
  const { inNetwork } = ground
  const { directory, hosts, balancer, git } = machines
  const program: Lab['program'] = (command, options = {}) =>
    startProgram({ command: [...inNetwork, ...command], home: directory, ...options })
  return {
    site: siteOf(balancer, serversOf(hosts)),
    program,
    deploy: (args, options) => program([process.execPath, CLI, ...args], options),
    async config(overrides = {}) {
      const file = join(directory, 'ecosystem.config.cjs')
      const deploy = { production: { ...productionBlock(machines), ...overrides } }
      await writeFile(file, `module.exports = ${JSON.stringify({ deploy }, null, 2)}\n`)
      return file
    },
    line: (machine) => lineToDeployer(ground, machine),
    slow(line) {
      const cables = [balancer, git, ...hosts].map(({ name }) => cableOf(name))
      return spoilLine(ground, { name: 'deployer', cables }, line)
    },
    hammer: ({ rates, from, ...settings } = {}) =>
      startHammer(from?.inNetwork() ?? inNetwork, {
        url: `http://${balancer.address}`,
        requestTimeoutMs: REQUEST_TIMEOUT_MS,
        durationMs: HAMMER_DURATION_MS,
        ...settings,
        rates: { ...DEFAULT_RATES, ...rates },
      }),
    async running() {
      const versions = hosts.map(async (host) => [host.name, await versionOn(host)] as const)
      return Object.fromEntries(await Promise.all(versions))
    },
  }
}

/** The block that the README shows; `undefined` as an override takes a key away. */
function productionBlock({ hosts, balancer, git, key, knownHosts }: Machines): Record<string, unknown> {
  return {
    user: 'deploy',
    host: hosts.map((host) => host.address),
    key,
    ref: 'origin/main',
    repo: repositoryUrl(git),
    path: '/var/www/shop',
    ssh_options: [`UserKnownHostsFile=${knownHosts}`],
    'post-deploy':
      'npm install --offline --no-audit --no-fund && pm2 startOrReload ecosystem.config.js --env production',
    health: `http://localhost:${APP_PORT}/health`,
    balancer: { type: 'nginx', on: [balancer.address], upstream: 'shop' },
    rollout: { batch: 1, 'min-serving': 1 },
  }
}

/** pm2 gives each new connection to the next worker: so many ask every worker of the sample app. */
const QUESTIONS = 4
const QUESTION = `for i in $(seq ${QUESTIONS}); do curl -sm 5 http://localhost:${APP_PORT}/version; done`

async function versionOn(host: Machine): Promise<string> {
  const { stdout } = await host.exec(QUESTION).catch(() => ({ stdout: '' }))
  const versions = new Set(Array.from(stdout.matchAll(/"version":"([^"]+)"/g), ([, version = '']) => version))
  return [...versions].sort((one, other) => one.localeCompare(other)).join() || 'nothing'
}
