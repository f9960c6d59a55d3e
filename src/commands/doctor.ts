/** `zdr-deploy production doctor`: looks at everything, changes nothing, and says what is wrong, by weight. */
import type { Finding } from '../balancers/balancer.ts'
import { examine } from '../config/load.ts'
import { placeOf } from '../config/place.ts'
import { appsOf } from '../config/source.ts'
import type { EnvironmentConfig } from '../config/types.ts'
import { diagnose } from '../doctor/diagnose.ts'
import type { Facts, HostFacts, Written } from '../doctor/facts.ts'
import type { Diagnosis } from '../doctor/finding.ts'
import { everywhere } from '../engine/everywhere.ts'
import { spareBytes } from '../engine/room.ts'
import type { Report } from '../rollout/report.ts'
import { type Connections, connectAll, unreachableFindings } from './connect.ts'
import type { Command, CommandContext } from './context.ts'
import { examineBalancers } from './doctor-balancer.ts'
import { examineHost } from './doctor-host.ts'
import { type Probed, probeHost } from './probe-host.ts'
import { seeLock } from './status.ts'

export const run: Command<'doctor'> = async ({ environment, configFile }, context) => {
  const { cwd, report } = context
  const { source, config, problems, warnings } = await examine({
    cwd,
    environment,
    ...(configFile === null ? {} : { file: configFile }),
  })
  const names = config?.hosts.map(({ name }) => name) ?? []
  report({ type: 'started', command: 'doctor', environment, hosts: names })
  const written: Written = {
    block: blockOf(source.data, environment),
    apps: appsOf(source),
    problems,
    warnings,
    place: (path) => placeOf(source, path),
  }
  const seen = config === null ? nothing : await lookAtMachines(config, context, problems.length === 0)
  const hasAgent = context.env.SSH_AUTH_SOCK !== undefined
  const facts: Facts = { environment, written, config, hasAgent, spareBytes, ...seen }
  const diagnoses = diagnose(facts)
  for (const diagnosis of diagnoses) report(findingOf(diagnosis))
  report({ type: 'examined', environment, looked: lookedAt(facts, source.shown) })
  return diagnoses.some(({ weight }) => weight === 'error') ? 4 : 0
}

type Seen = Pick<Facts, 'hosts' | 'balancers' | 'found' | 'deploying'>

const nothing: Seen = { hosts: [], balancers: [], found: [], deploying: null }

async function lookAtMachines(config: EnvironmentConfig, context: CommandContext, isWhole: boolean): Promise<Seen> {
  context.report({ type: 'phase', phase: 'connect' })
  const looking = { ...context, onlyLooks: true }
  const [hosts, balancers] = await Promise.all([
    connectAll(config, config.hosts, looking),
    connectAll(config, config.balancer?.machines ?? [], looking),
  ])
  try {
    context.report({ type: 'phase', phase: 'inspect' })
    return await lookAtReached(config, { hosts, balancers, isWhole })
  } finally {
    await Promise.all([...hosts.reached, ...balancers.reached].map(({ host }) => host.close()))
  }
}

interface Reached {
  readonly hosts: Connections
  readonly balancers: Connections
  /** Nothing is wrong in the configuration: its numbers can be gone by. */
  readonly isWhole: boolean
}

async function lookAtReached(config: EnvironmentConfig, { hosts, balancers, isWhole }: Reached): Promise<Seen> {
  const probed = await everywhere(hosts.reached, (each) => probeHost(config, each, false))
  const well = probed.flatMap((each) => (each.ok ? [each.value] : []))
  const machines = well.map(({ machine }) => machine)
  const [looked, ofBalancers, deploying] = await Promise.all([
    everywhere(well, (each) => examineHost(config, each)),
    examineBalancers(config, { machines, balancers: balancers.reached, isWhole }),
    seeLock({ environment: config.environment, machines, balancer: { locks: [] } }),
  ])
  const lost = probed.flatMap((each) => (each.ok ? [] : [{ config: each.item.config, error: each.error }]))
  return {
    hosts: looked.flatMap((each): readonly HostFacts[] => (each.ok ? [each.value] : [])),
    balancers: ofBalancers.facts,
    found: [
      ...unreachableFindings([...hosts.failed, ...balancers.failed, ...lost]),
      ...well.flatMap(({ findings }: Probed): readonly Finding[] => findings),
      ...ofBalancers.found,
    ],
    deploying: deploying.underWay === 'yes' ? `${config.environment} ${deploying.text}` : null,
  }
}

function blockOf(data: unknown, environment: string): Written['block'] {
  const { deploy = {} } = data as { readonly deploy?: Readonly<Record<string, unknown>> }
  const block = deploy[environment]
  return typeof block === 'object' && block !== null ? (block as Written['block']) : {}
}

function findingOf({ weight, hosts, text, why, place, key, hint }: Diagnosis): Extract<Report, { type: 'finding' }> {
  return {
    type: 'finding',
    weight,
    ...(hosts.length === 0 ? {} : { host: hosts.join(', ') }),
    text,
    ...(why === undefined ? {} : { why }),
    ...(place === undefined ? {} : { file: place.file, ...(place.line === null ? {} : { line: place.line }) }),
    ...(key === undefined ? {} : { key }),
    ...(hint === undefined ? {} : { hint }),
  }
}

function lookedAt({ hosts, config, balancers }: Facts, file: string): readonly string[] {
  const all = config?.hosts.length ?? 0
  const nginx = balancers.filter((each) => each.nginx !== null).map(({ host }) => host)
  return [
    file,
    ...(all === 0 ? ['no host'] : [`${hosts.length} of ${all} ${all === 1 ? 'host' : 'hosts'} (${ofHost(hosts)})`]),
    ...(nginx.length === 0 ? [] : [`nginx on ${nginx.join(', ')}`]),
  ]
}

function ofHost(hosts: readonly HostFacts[]): string {
  const seen = [
    'tools, rights, disk',
    ...(hosts.some(({ checkup }) => checkup !== null) ? ['clock, locks, repository'] : []),
    ...(hosts.some(({ processes }) => processes !== null) ? ['pm2'] : []),
    ...(hosts.some(({ health }) => health !== null) ? ['health'] : []),
    ...(hosts.some((each) => each.nginx !== null) ? ['nginx'] : []),
  ]
  return hosts.length === 0 ? 'nothing seen of them' : seen.join(', ')
}
