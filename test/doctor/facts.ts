/** A fleet that is well, to change what a test is about. */
import { runInNewContext } from 'node:vm'
import { readSite } from '../../src/balancers/nginx-site.ts'
import { placeOf } from '../../src/config/place.ts'
import { appsOf, deploySection } from '../../src/config/source.ts'
import type { HostConfig } from '../../src/config/types.ts'
import { diagnose } from '../../src/doctor/diagnose.ts'
import type { BalancerFacts, Facts, HealthFacts, HostFacts, NginxFacts, Written } from '../../src/doctor/facts.ts'
import type { Diagnosis } from '../../src/doctor/finding.ts'
import type { Checkup } from '../../src/hosts/checkup.ts'
import type { Probe } from '../../src/hosts/probe.ts'
import type { Listed } from '../../src/processes/pm2-look.ts'
import { environment } from '../commands/environment.ts'

export const appText = `{ name: 'shop', script: 'server.js', exec_mode: 'cluster', instances: 2, wait_ready: true }`

/** The block as it is written, line 4 of the file: what is evaluated is what is read. */
export function written(
  block: string,
  { app = appText, ...change }: Partial<Written> & { readonly app?: string } = {},
): Written {
  const text = `module.exports = {\n  apps: [\n    ${app},\n  ], deploy: { production: ${block} },\n}\n`
  const module = { exports: {} }
  runInNewContext(text, { module })
  const source = { shown: 'ecosystem.config.js', data: module.exports, text, locate: () => 'ecosystem.config.js' }
  return {
    block: (deploySection(source)?.production ?? {}) as Written['block'],
    apps: appsOf(source),
    problems: [],
    warnings: [],
    place: (path) => placeOf(source, path),
    ...change,
  }
}

export const blockText = `{
    host: ['web-1', 'web-2'],
    ref: 'origin/main',
    path: '/var/www/shop',
    health: 'http://localhost:4000/health',
    balancer: { type: 'nginx', on: ['lb'], upstream: 'shop' },
  }`

const hosts = ['web-1', 'web-2'].map(
  (name): HostConfig => ({
    name,
    address: name,
    isLocal: false,
    user: undefined,
    port: undefined,
    keys: [],
    server: `${name}:4000`,
  }),
)

export const config = environment({
  hosts,
  balancer: { type: 'nginx', machines: [], upstream: 'shop', statusPort: 21_000, config: undefined, folder: undefined },
})

const probe: Probe = {
  user: 'deploy',
  home: '/home/deploy',
  shell: '/bin/bash',
  base: '/var/www/shop',
  writable: true,
  nearest: '/var/www/shop',
  freeBytes: 10 * 2 ** 30,
  inodesLeft: true,
  path: { from: 'plain', path: '/usr/bin', missing: [] },
  tried: [{ from: 'plain', path: '/usr/bin', missing: [] }],
  tools: [
    { name: 'node', location: '/usr/bin/node', version: 'v20.20.2' },
    { name: 'pm2', location: '/usr/bin/pm2', version: '7.0.4' },
  ],
  epochSeconds: 0,
  bootId: null,
  has: { flock: true, ss: true, curl: true, wget: true, bash: true, timeout: true, sudo: true },
}

const checkup: Checkup = {
  clockOffSeconds: 0,
  commit: '334e059'.padEnd(40, '0'),
  isBranch: false,
  isByPm2Deploy: false,
  isSetUp: true,
  releaseBytes: 2 ** 28,
  unwritable: [],
  locks: [],
  startsAtBoot: true,
  saved: ['shop'],
  repositoryError: null,
  maySudo: null,
  ports: [4000],
}

const process: Listed = {
  name: 'shop',
  pid: 4711,
  status: 'online',
  mode: 'cluster_mode',
  cwd: '/var/www/shop/releases/1',
  script: '/var/www/shop/releases/1/server.js',
  toldCwd: '/var/www/shop/current',
  toldScript: '/var/www/shop/current/server.js',
  startedLateMs: 0,
  upMs: 60_000,
  killTimeoutMs: 5000,
  waitReady: true,
  unstableRestarts: 0,
  restsByDesign: false,
  logs: { out: null, error: null },
  inBase: true,
}

const health: HealthFacts = {
  url: 'http://localhost:4000/health',
  healthy: true,
  detail: '200 in 3 ms',
  anyPathIsHealthy: false,
  keepAliveSeconds: 5,
  foreignListener: null,
}

export interface HostChange {
  readonly probe?: Partial<Probe>
  readonly checkup?: Partial<Checkup> | null
  readonly process?: Partial<Listed>
  readonly health?: Partial<HealthFacts> | null
  readonly processes?: HostFacts['processes']
  readonly unseen?: readonly string[]
  readonly nginx?: NginxFacts | null
}

export function host(name: string, change: HostChange = {}): HostFacts {
  return {
    host: name,
    probe: { ...probe, ...change.probe },
    checkup: change.checkup === null ? null : { ...checkup, ...change.checkup },
    processes: change.processes === undefined ? [{ ...process, ...change.process }] : change.processes,
    health: change.health === null ? null : { ...health, ...change.health },
    unseen: change.unseen ?? [],
    nginx: change.nginx ?? null,
  }
}

export function nginx(text: string, version: readonly number[] = [1, 22, 1]): NginxFacts {
  return { version, site: readSite(`# configuration file /etc/nginx/nginx.conf:\n${text}`) }
}

export const switched: BalancerFacts = {
  host: 'lb',
  nginx: nginx('http { server { location / { proxy_pass http://$zdr_shop; } } }'),
  whyNot: null,
  report: { missing: [], refusals: [], notes: [] },
}

export function facts(change: Partial<Facts> = {}): Facts {
  return {
    environment: 'production',
    written: written(blockText),
    config,
    hasAgent: true,
    spareBytes: 100 * 1024 * 1024,
    deploying: null,
    hosts: [host('web-1'), host('web-2')],
    balancers: [switched],
    found: [],
    ...change,
  }
}

/** Both hosts changed alike. */
export function onBoth(change: HostChange): Pick<Facts, 'hosts'> {
  return { hosts: [host('web-1', change), host('web-2', change)] }
}

/** One host, and no balancer. */
export function alone(change: HostChange = {}): Partial<Facts> {
  return {
    written: written(blockText.replace(/balancer.*/, '').replace("'web-1', 'web-2'", "'web-1'")),
    config: { ...config, hosts: hosts.slice(0, 1), balancer: null },
    hosts: [host('web-1', change)],
    balancers: [],
  }
}

/** `error web-1: text → ecosystem.config.js:5 hint` */
export function told(change: Partial<Facts>): readonly string[] {
  return diagnose(facts(change)).map(line)
}

function line({ weight, hosts: on, text, place, hint }: Diagnosis): string {
  const where = on.length === 0 ? '' : ` ${on.join(',')}:`
  const at = place === undefined ? '' : ` ${place.file}:${place.line}`
  return `${weight}${where} ${text}${at === '' && hint === undefined ? '' : ' →'}${at}${hint === undefined ? '' : ` ${hint}`}`
}
