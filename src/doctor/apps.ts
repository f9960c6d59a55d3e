/** How pm2 runs the app: what a reload does to its users, and to the release that it should run. */
import type { WrittenApp } from '../config/source.ts'
import type { Listed } from '../processes/pm2-look.ts'
import type { Facts } from './facts.ts'
import type { Diagnosis } from './finding.ts'

/** One app: what its file says, and what runs of it on each host. */
interface App {
  readonly name: string
  readonly written: WrittenApp | null
  readonly running: readonly Running[]
}

interface Running {
  readonly host: string
  readonly current: string
  readonly base: string
  readonly process: Listed
}

export function judgeApps(facts: Facts): readonly Diagnosis[] {
  const { config } = facts
  const canBeOut = config !== null && config.balancer !== null && config.hosts.length > 1
  return [
    ...appsOf(facts).flatMap((app) => [
      ...down(app),
      ...forked(app, { facts, canBeOut }),
      ...pinned(app, { facts, canBeOut }),
      ...cutsRequests(app, { facts, canBeOut }),
      ...notReady(app, { facts, canBeOut }),
    ]),
    ...nothingRuns(facts),
  ]
}

interface Around {
  readonly facts: Facts
  /** While it is updated another host serves. */
  readonly canBeOut: boolean
}

function appsOf({ hosts, written }: Facts): readonly App[] {
  const names = new Set(written.apps.map(({ name }) => name))
  const running = hosts.flatMap(({ host, probe, processes }) =>
    (processes ?? [])
      .filter((process) => (process.inBase || names.has(process.name)) && process.forgotten !== true)
      .filter((process) => !process.restsByDesign)
      .map((process) => ({ host, base: probe.base, current: `${probe.base}/current`, process })),
  )
  return [...new Set([...names, ...running.map(({ process }) => process.name)])].map((name) => ({
    name,
    written: written.apps.find((app) => app.name === name) ?? null,
    running: running.filter(({ process }) => process.name === name),
  }))
}

function down({ name, running }: App): readonly Diagnosis[] {
  return running
    .filter(({ process }) => process.status === 'errored' || process.status === 'waiting restart')
    .map(({ host }) => ({
      weight: 'error',
      hosts: [host],
      text: `${name} does not stay up: pm2 has given it up, or starts it again and again`,
      why: 'Its host answers nothing, or badly.',
      hint: `zdr-deploy <environment> exec 'pm2 logs ${name} --lines 50 --nostream'`,
    }))
}

/** In fork mode a reload stops the only process, and starts it again. */
function forked(app: App, { facts, canBeOut }: Around): readonly Diagnosis[] {
  const inFork = app.running.filter(({ process }) => process.mode === 'fork_mode')
  const settings = app.written?.settings
  const saysCluster = settings !== undefined && isCluster(settings)
  if (inFork.length === 0 && (app.running.length > 0 || settings === undefined || saysCluster)) return []
  return [
    {
      weight: canBeOut ? 'note' : 'error',
      hosts: hostsOf(inFork),
      text: `${app.name} ${inFork.length > 0 ? 'runs' : 'is to run'} in fork mode`,
      why: canBeOut
        ? 'A deploy takes its host out first. A `pm2 reload` by hand is a restart: requests fail until it has booted.'
        : 'A reload is a restart: every request fails until it has booted. zdr-deploy refuses that without --allow-downtime.',
      ...placeOf(app, 'exec_mode', facts),
      hint: clusterHint(app, saysCluster),
    },
  ]
}

/** pm2 keeps the mode of an app's first start, whatever its file says later: `pm2-mend.ts` does not. */
function clusterHint({ running, written }: App, saysCluster: boolean): string {
  const script = needsScript(written?.settings) ? "script: '<the file that it runs, in JavaScript>', " : ''
  const line = saysCluster ? "exec_mode: 'cluster' is written there" : `${script}exec_mode: 'cluster', instances: 2,`
  const once = 'pm2 keeps the mode of the first start: a deploy of ours starts it anew by its file'
  return running.length === 0 ? line : `${line}\n${once}`
}

function isCluster({ exec_mode: mode, instances }: WrittenApp['settings']): boolean {
  return mode === undefined ? instances !== undefined : typeof mode === 'string' && mode.startsWith('cluster')
}

/** A cluster is made of scripts that Node itself runs. */
function needsScript(settings: WrittenApp['settings'] | undefined): boolean {
  return typeof settings?.script === 'string' && /^(npm|yarn|pnpm|npx|bun)$|\.sh$/.test(settings.script)
}

/** pm2 keeps the folder of an app's first start. */
function pinned(app: App, { facts, canBeOut }: Around): readonly Diagnosis[] {
  const behind = app.running.filter(({ process: { toldCwd }, base, current }) => {
    const isBelow = (folder: string): boolean => toldCwd === folder || toldCwd?.startsWith(`${folder}/`) === true
    return isBelow(base) && !isBelow(current)
  })
  return behind.map(({ host, current, process: { toldCwd } }) => ({
    weight: canBeOut ? 'warning' : 'error',
    hosts: [host],
    text: `pm2 holds ${app.name} to ${toldCwd ?? ''}, where it was started first`,
    why: canBeOut
      ? 'When `current` leads to a new release, `pm2 reload` goes on with the old one, and says ✓. A deploy starts it anew while its host is out.'
      : 'When `current` leads to a new release, `pm2 reload` goes on with the old one, and says ✓: it must be stopped and started, which takes --allow-downtime once.',
    ...placeOf(app, 'cwd', facts),
    hint: `cwd: '${current}',`,
  }))
}

const defaultKillTimeoutMs = 1600
/** Where nobody says how long requests take: below that, a slow page or an upload is cut. */
const usualRequestMs = 5000

function cutsRequests(app: App, { facts, canBeOut }: Around): readonly Diagnosis[] {
  if (canBeOut) return []
  const written = (facts.written.block.rollout as { readonly 'drain-timeout'?: unknown } | undefined)?.['drain-timeout']
  const longestMs = written === undefined ? usualRequestMs : (facts.config?.rollout.drainTimeoutMs ?? usualRequestMs)
  const limits = app.running.map(({ host, process }) => ({ host, ms: process.killTimeoutMs || defaultKillTimeoutMs }))
  const short = limits.filter(({ ms }) => ms < longestMs)
  return short.map(({ host, ms }) => ({
    weight: 'warning',
    hosts: [host],
    text: `pm2 kills a process of ${app.name} ${ms} ms after it asked it to end`,
    why:
      written === undefined
        ? `A request that takes longer than ${ms / 1000} s is cut at each reload.`
        : `\`drain-timeout\` says that requests take up to ${longestMs / 1000} s: the longer ones are cut at each reload.`,
    ...placeOf(app, 'kill_timeout', facts),
    hint: `kill_timeout: ${longestMs},  // ms, longer than the longest request; the app has to end its requests at SIGINT`,
  }))
}

function notReady(app: App, { facts }: Around): readonly Diagnosis[] {
  const silent = app.running.filter(({ process }) => process.mode === 'cluster_mode' && process.waitReady === false)
  if (silent.length === 0) return []
  return [
    {
      weight: 'note',
      hosts: hostsOf(silent),
      text: `${app.name} has no \`wait_ready\``,
      why: 'pm2 takes a worker for ready when it listens, though it may still connect to its database.',
      ...placeOf(app, 'wait_ready', facts),
      hint: "wait_ready: true, listen_timeout: 10000,  // and in the app, when it can answer: process.send?.('ready')",
    },
  ]
}

/** Only where something was deployed: before the first deploy that is as it should be. */
function nothingRuns({ hosts, config }: Facts): readonly Diagnosis[] {
  if (config?.split.manager !== 'pm2') return []
  return hosts
    .filter(({ processes, checkup }) => processes?.length === 0 && checkup !== null && checkup.commit !== null)
    .map(({ host, probe }) => ({
      weight: 'warning',
      hosts: [host],
      text: `pm2 of ${probe.user} runs nothing, though ${probe.base} was deployed`,
      why: 'The app is down there, or another user runs it, whose processes a deploy cannot reload.',
      hint: 'deploy as the user who runs it (`user`), or start it: it is seen by `pm2 ls` there',
    }))
}

function hostsOf(running: readonly Running[]): readonly string[] {
  return [...new Set(running.map(({ host }) => host))]
}

/** The line of that setting, or of the app that lacks it. */
function placeOf({ written }: App, key: string, facts: Facts): Pick<Diagnosis, 'place' | 'key'> {
  if (written === null) return { key }
  return { key, place: facts.written.place(key in written.settings ? [...written.path, key] : written.path) }
}
