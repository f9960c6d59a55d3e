/** All that is to be seen of one host. What cannot be seen is null, with a finding where that matters. */
import { lookAtNginx } from '../balancers/nginx-look.ts'
import type { EnvironmentConfig, HealthConfig } from '../config/types.ts'
import type { HealthFacts, HostFacts } from '../doctor/facts.ts'
import type { Machine } from '../engine/fleet.ts'
import { UserError } from '../errors.ts'
import { httpHealth } from '../health/http.ts'
import { keepAliveSeconds } from '../health/keep-alive.ts'
import { type Checkup, checkupScript, parseCheckup } from '../hosts/checkup.ts'
import type { Host } from '../hosts/host.ts'
import { type Limit, twice } from '../hosts/limits.ts'
import { runScript } from '../hosts/run-script.ts'
import { listeners } from '../processes/listeners.ts'
import { look } from '../processes/pm2-look.ts'
import { portOf } from './fleet-ports.ts'
import type { Probed } from './probe-host.ts'

/** Nobody has it. */
const noPath = '/zdr-doctor-asks-for-a-path-that-is-not-there'

export async function examineHost(config: EnvironmentConfig, { machine, probe }: Probed): Promise<HostFacts> {
  const { host } = machine
  const hasPm2 = probe.tools.some(({ name }) => name === 'pm2') && probe.tools.some(({ name }) => name === 'node')
  const { step } = config.timeouts
  const unseen: string[] = []
  const orNull = async <Value>(work: Promise<Value>): Promise<Value | null> => {
    try {
      return await work
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      unseen.push(error.message.replace(`${machine.name}: `, ''))
      return null
    }
  }
  const [checkup, processes, health, nginx] = await Promise.all([
    orNull(checkUp(config, machine)),
    hasPm2 ? orNull(look(host, { path: probe.base, limit: step }, undefined).then((seen) => seen.processes)) : null,
    config.health === null ? null : orNull(examineHealth(host, config.health, { base: probe.base, limit: step })),
    // On an app host it is a matter of its own.
    lookAtNginx(host, { limit: step }).catch(() => null),
  ])
  return { host: machine.name, probe, checkup, processes, health, nginx, unseen }
}

async function checkUp(config: EnvironmentConfig, { name, host, layout }: Machine): Promise<Checkup> {
  const { split, hooks, repo, ref, migrate } = config
  const commands = [...split.prepare, ...split.activate, ...hooks.preDeploy, ...hooks.postSetup, migrate ?? '']
  const callsSudo = commands.some((text) => /\bsudo\b/.test(text))
  let heardMs: number | null = null
  const askedMs = Date.now()
  const { stdout } = await runScript(host, checkupScript({ base: layout.base, repo, ref, callsSudo }), {
    what: `${name} could not be looked at`,
    // The repository and the size of a release take their time.
    ...twice(config.timeouts.step),
    onLine: () => (heardMs ??= Date.now()),
  })
  return parseCheckup(stdout, { askedMs, heardMs: heardMs ?? Date.now() })
}

interface App {
  readonly base: string
  readonly limit: Limit
}

async function examineHealth(host: Host, config: HealthConfig, app: App): Promise<HealthFacts> {
  const { url, timeoutMs } = config
  const asks = httpHealth(config)
  const { healthy, detail } = await asks.check(host)
  const [elsewhere, kept, foreignListener] = await Promise.all([
    healthy ? asks.check(host, new URL(noPath, url).href) : null,
    healthy ? keepAliveSeconds(host, url, timeoutMs) : null,
    healthy ? foreignListenerOf(host, portOf(new URL(url)), app) : null,
  ])
  return {
    url,
    healthy,
    detail,
    anyPathIsHealthy: elsewhere?.healthy === true,
    keepAliveSeconds: kept,
    foreignListener,
  }
}

/** null: what listens there is the app's, or nobody can tell whose it is. */
async function foreignListenerOf(host: Host, port: number, { base, limit }: App): Promise<string | null> {
  try {
    const found = await listeners(host, port, limit)
    const [foreign] = found.filter(({ daemon, cwd }) => daemon === null && cwd !== base && !cwd.startsWith(`${base}/`))
    return foreign === undefined ? null : `${foreign.name} in ${foreign.cwd}`
  } catch (error) {
    if (error instanceof UserError && error.code === 'preflight') return 'a process of another user'
    throw error
  }
}
