/** The same fleet, the same releases, the same load: deployed by `pm2 deploy`, and by us. */
import { fileURLToPath } from 'node:url'
import type { RunningDeploy } from '../lab/deployer.ts'
import { configure, demand, ended, hostOf, startFleet } from '../lab/fleet.ts'
import type { HammerCounts } from '../lab/hammer-counts.ts'
import { type Lab, startLab } from '../lab/lab.ts'
import { APP_PORT } from '../lab/machines.ts'
import type { ReleaseName } from '../lab/releases.ts'
import { median } from './median.ts'
import { type Parts, partsOf } from './parts.ts'

export interface Run {
  readonly name: string
  readonly release: ReleaseName
  readonly code: number | null
  readonly tookMs: number
  /** null: nobody asked anything, so nothing had to be waited for. */
  readonly requests: HammerCounts | null
  /** By host: what answers when all is over. */
  readonly runs: readonly string[]
  /** null for a tool that does not tell. */
  readonly parts: Parts | null
}

export const HOSTS = 3
/** The longest request of the load. */
export const LONGEST_REQUEST_MS = 2_000
/** Those of the peers' baselines: keep-alive and fresh requests, and some that take two seconds. */
const LOAD = {
  rates: { 'keep-alive-get': 50, 'fresh-post': 50, 'slow-post': 10, 'slow-body': 0, 'late-ask': 0 },
} as const
/** An app that takes a second to boot, as most do. */
const APP = { env: { BOOT_MS: '1000' } } as const
export const BROKEN: ReleaseName = 'answers-500'
const PM2 = fileURLToPath(new URL('../../node_modules/pm2/bin/pm2', import.meta.url))

/** `pm2 deploy` as its manual shows it, with the same commands on the hosts: a graceful reload in cluster mode. */
export async function runPm2Deploy(): Promise<readonly Run[]> {
  const lab = await startLab({ hosts: HOSTS, name: 'bench-pm2' })
  const pm2 = (...words: readonly string[]) => lab.program([process.execPath, PM2, ...words])
  const deploy = async (release: ReleaseName, ...words: readonly string[]) => {
    const file = await lab.config({ ...APP, ref: release, health: undefined, balancer: undefined, rollout: undefined })
    // `--force`: without it, it wants to be run in a clone of the app.
    return pm2('deploy', file, 'production', ...words, '--force')
  }
  try {
    await ended(await deploy('v1', 'setup'), 0)
    await ended(await deploy('v1'), 0)
    const name = 'pm2 deploy'
    return [
      await measure(lab, { name, release: 'v2', load: true }, deploy),
      await measure(lab, { name, release: 'v3', load: false }, deploy),
      await measure(lab, { name, release: BROKEN, load: true }, deploy),
    ]
  } finally {
    // Its daemon, which it starts on the deployer too, would outlive the lab.
    await pm2('kill').result
    await lab.stop()
  }
}

export interface OwnRuns {
  readonly runs: readonly Run[]
  /** `pm2 startOrReload`, run by hand on a host at rest. */
  readonly reloadCommandMs: number
}

/** Ours, with a health check as the README has it, so with `stable: 3s`; and with `stable: 0s`. */
export async function runOurs(): Promise<OwnRuns> {
  const lab = await startFleet({ hosts: HOSTS, name: 'bench-ours' })
  const url = `http://localhost:${APP_PORT}/health`
  const deploy = (release: ReleaseName) => Promise.resolve(lab.deploy(['production', '--ref', release, '--json']))
  try {
    await configure(lab, { ...APP, health: url })
    const usual = [
      await measure(lab, { name: 'zdr-deploy', release: 'v2', load: true }, deploy),
      await measure(lab, { name: 'zdr-deploy', release: BROKEN, load: true }, deploy),
    ]
    await configure(lab, { ...APP, health: { url, stable: '0s' } })
    const name = 'zdr-deploy, stable: 0s'
    const quick = [
      await measure(lab, { name, release: 'v3', load: true }, deploy),
      await measure(lab, { name, release: 'v1', load: false }, deploy),
    ]
    return { runs: [...usual, ...quick], reloadCommandMs: await timeReload(lab) }
  } finally {
    await lab.stop()
  }
}

type Case = Pick<Run, 'name' | 'release'> & { readonly load: boolean }

async function measure(
  lab: Lab,
  { name, release, load }: Case,
  start: (release: ReleaseName) => Promise<RunningDeploy>,
): Promise<Run> {
  const hammer = load ? await lab.hammer(LOAD) : null
  const startedMs = performance.now()
  const { code, stdout } = await (await start(release)).result
  const tookMs = performance.now() - startedMs
  const requests = hammer === null ? null : await hammer.stop()
  const runs = Object.values(await lab.running())
  return { name, release, code, tookMs, requests, runs, parts: stdout.startsWith('{') ? partsOf(stdout) : null }
}

const RELOADS = 3

async function timeReload(lab: Lab): Promise<number> {
  const script = `cd /var/www/shop/current && began=$(date +%s%N)
    pm2 startOrReload ecosystem.config.js --env production >/dev/null && echo $(( ($(date +%s%N) - began) / 1000000 ))`
  const times: number[] = []
  for (let reload = 0; reload < RELOADS; reload++) times.push(Number(await demand(hostOf(lab, 1), script, 'deploy')))
  return median(times)
}
