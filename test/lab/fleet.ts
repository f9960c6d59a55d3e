/** What the cases about deploys have in common: a fleet that is set up and serves, and questions to its machines. */
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DeployResult, RunningDeploy } from './deployer.ts'
import type { Hammer } from './hammer.ts'
import { type Lab, startLab } from './lab.ts'
import type { Machine } from './machine.ts'
import { APP_PORT } from './machines.ts'
import type { ReleaseName } from './releases.ts'

export type Overrides = Readonly<Record<string, unknown>>

/** Short, for an app that boots in 0.3 s. */
export const HEALTH = {
  url: `http://localhost:${APP_PORT}/health`,
  stable: '500ms',
  start: '8s',
  interval: '400ms',
}

export const SWITCH_FOLDER = '/var/lib/zdr-deploy/shop'

/** Enough of the quick kinds to see a gap, and few enough to leave the cores to the deploys: roll.test.ts has the full load. */
export const LIGHT_LOAD = {
  rates: { 'keep-alive-get': 25, 'fresh-post': 10, 'slow-post': 0, 'slow-body': 0, 'late-ask': 2 },
} as const

/** How long a deploy may take until it comes to a certain line. */
export const LINE_TIMEOUT_MS = 60_000

export interface FleetOptions {
  readonly hosts: number
  readonly name: string
  /** What serves at the beginning; null: nothing was ever deployed. */
  readonly release?: ReleaseName | null
  /** Keys of the configuration that setup must know of. */
  readonly overrides?: Overrides
}

/** A lab in which setup was run, the site uses the switch, and a release serves. */
export async function startFleet({ hosts, name, release = 'v1', overrides = {} }: FleetOptions): Promise<Lab> {
  const lab = await startLab({ hosts, name })
  try {
    await setUp(lab, overrides)
    await configure(lab, overrides)
    if (release !== null) await ended(lab.deploy(['production', '--ref', release]), 0)
    return lab
  } catch (error) {
    await lab.stop()
    throw error
  }
}

/** As an administrator does it once: setup, the three lines in the site, setup again; the switch then belongs to who deploys. */
async function setUp(lab: Lab, overrides: Overrides): Promise<void> {
  await configure(lab, { ...overrides, ...asAdministrator(lab) })
  await lab.deploy(['production', 'setup']).result
  await lab.site.useSwitch()
  await ended(lab.deploy(['production', 'setup']), 0)
  await demand(lab.balancer, 'chown -R deploy /var/lib/zdr-deploy')
}

/** The block of the README with a health check that does not keep the tests waiting; overrides replace its keys. */
export function configure(lab: Lab, overrides: Overrides = {}): Promise<string> {
  return lab.config({ health: HEALTH, ...overrides })
}

export function asAdministrator(lab: Lab): Overrides {
  return {
    key: lab.rootKey,
    balancer: { type: 'nginx', on: [`root@${lab.balancer.address}`], upstream: 'shop' },
  }
}

/** Somebody else's folder, with his own copies of configuration, key and known_hosts: as on another machine. */
export async function anotherDeployer(lab: Lab): Promise<string> {
  const home = `${lab.directory}-of-another`
  await cp(lab.directory, home, { recursive: true })
  const file = join(home, 'ecosystem.config.cjs')
  await writeFile(file, (await readFile(file, 'utf8')).replaceAll(lab.directory, home))
  return home
}

/** Waits for its end, and throws all that it said where that is another one than expected. */
export async function ended(deploy: RunningDeploy, code: number): Promise<DeployResult & { readonly text: string }> {
  const result = await deploy.result
  const text = deploy.lines.join('\n')
  if (result.code === code) return { ...result, text }
  throw new Error(`ended with ${result.code ?? result.signal}, not with ${code}:\n${text}`)
}

/** The line of the plain output in which a host's step is told. */
export function said(host: Machine, words: string): RegExp {
  return new RegExp(String.raw`^\S+ {2}${host.address.replaceAll('.', String.raw`\.`)} {2}${words}`)
}

/** Waits until the deploy says that. */
export function until(deploy: RunningDeploy, host: Machine, words: string): Promise<string> {
  return deploy.line(said(host, words), LINE_TIMEOUT_MS)
}

/** What no deploy that is refused may change: links, releases and processes of the hosts, and the switch. */
export function stateOf(lab: Lab): Promise<readonly string[]> {
  const ofHost = 'cd /var/www/shop && readlink current; ls releases; pm2 pid shop'
  return Promise.all([
    ...lab.hosts.map(async (host) => (await host.exec(ofHost, { user: 'deploy' })).stdout),
    demand(lab.balancer, `ls ${SWITCH_FOLDER}; cat ${SWITCH_FOLDER}/journal`),
  ])
}

/** The machines by their number from 1, as in their names. */
export function hostOf(lab: Lab, number: number): Machine {
  const host = lab.hosts[number - 1]
  if (host === undefined) throw new Error(`the lab has no host ${number}`)
  return host
}

/** What `lab.running()` says where that release runs everywhere. */
export function everywhere(lab: Lab, release: ReleaseName): Record<string, string> {
  return Object.fromEntries(lab.hosts.map(({ name }) => [name, release]))
}

/** Runs shell text that must succeed; its output, trimmed. */
export async function demand(
  machine: Machine,
  command: string,
  user: 'root' | 'deploy' | 'git' = 'root',
): Promise<string> {
  const { code, stdout, stderr } = await machine.exec(command, { user })
  if (code === 0) return stdout.trim()
  throw new Error(`${command} ended with ${code} on ${machine.name}:\n${stderr}${stdout}`)
}

/** The id of the release to which `current` leads on each host; '' where there is none. */
export function currentReleases(lab: Lab): Promise<readonly string[]> {
  return Promise.all(lab.hosts.map((host) => demand(host, 'basename "$(readlink /var/www/shop/current)"')))
}

/** Ends the hammer, and says what failed in a form that shows the failures where it is compared. */
export async function failuresOf(hammer: Hammer) {
  const { failed, samples } = await hammer.stop()
  return { failed, samples }
}

/** The same of a hammer that goes on. */
export async function failuresSoFar(hammer: Hammer) {
  const { failed, samples } = await hammer.reached(0, REPORT_TIMEOUT_MS)
  return { failed, samples }
}

const REPORT_TIMEOUT_MS = 10_000

export const NO_FAILURE = { failed: 0, samples: [] }

/** What `status --json` tells; it ends with 4 where something needs attention. */
export async function status(lab: Lab): Promise<{ readonly lock: string | null; readonly hosts: readonly unknown[] }> {
  const { stdout } = await lab.deploy(['production', 'status', '--json']).result
  const report = reports(stdout).find(({ type }) => type === 'status')
  if (report === undefined) throw new Error(`no status was told:\n${stdout}`)
  return report as unknown as Awaited<ReturnType<typeof status>>
}

/** The events of `--json`. Throws at a line that is none. */
export function reports(stdout: string): readonly Readonly<Record<string, unknown> & { readonly type: string }>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown> & { type: string })
}

export interface HeldConnection {
  release(): Promise<void>
}

/** A connection of the balancer's to a host's app, as of a request that does not end: the host cannot be drained. */
export async function holdConnection(lab: Lab, host: Machine): Promise<HeldConnection> {
  const pid = `/run/held-${host.name}`
  const hold = `exec 3<>/dev/tcp/${host.address}/${APP_PORT} && echo $$ >${pid} && exec sleep 600`
  await demand(
    lab.balancer,
    `rm -f ${pid}; setsid bash -c '${hold}' </dev/null >/dev/null 2>&1 &
     for i in $(seq 50); do [ -s ${pid} ] && exit 0; sleep 0.1; done; exit 1`,
  )
  return { release: async () => void (await demand(lab.balancer, `kill $(cat ${pid})`)) }
}
