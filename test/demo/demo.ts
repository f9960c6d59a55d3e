/** The demo's story, started by test/setup/demo.mjs: a good release and a broken one, rolled over a fleet under load. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { REQUEST_TIMEOUT_MS, startHammer } from '../lab/hammer.ts'
import type { HammerCounts } from '../lab/hammer-counts.ts'
import { type DemoFleet, startFleet } from './fleet.ts'
import { clear, openGround } from './ground.ts'
import { createScreen } from './screen.ts'

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const INTERRUPTED = 130
const LOAD_MAX_MS = 300_000
/** Modest: the three hosts, nginx and whoever asks share this machine. */
const RATES = { 'keep-alive-get': 150, 'fresh-post': 40, 'slow-post': 4, 'slow-body': 2, 'late-ask': 2 } as const

const screen = createScreen(process.stdout, process.env)
const { paint, say, section } = screen
const folder = await openGround()
const interruption: { leaving: Promise<never> | null; deploying: ChildProcess | null } = {
  leaving: null,
  deploying: null,
}
// A second signal, or a terminal that is gone, must not end this in the middle of its cleaning up.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    interruption.leaving ??= leave()
  })
process.stdout.on('error', () => {})

try {
  process.exitCode = await tell()
} catch (error) {
  // Whoever was interrupted has nothing to say of what broke by it.
  await interruption.leaving
  screen.close()
  say(paint.bad(`\nThe demo broke off: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`))
  process.exitCode = 1
} finally {
  screen.close()
  await clear(folder)
}
// The SSH doors still listen, and nothing of the demo is left behind them.
process.exit()

async function tell(): Promise<number> {
  section(
    'A fleet on this machine',
    'Three hosts, each with an SSH door and a pm2 of its own, the real nginx in front,',
    'and a Git repository with a small shop. Everything lies in one temporary folder.',
  )
  const fleet = await startFleet(folder)
  for (const { name, address, port } of fleet.hosts) say(`   ${name}     ssh ${address}, app at ${address}:${port}`)
  say(`   balancer  nginx at ${fleet.nginx.url}`)
  await fleet.repository.push('v1', 'good')

  section(
    'Once: set up',
    "The site's file gets three lines, as the README says; `setup` does the rest.",
    'From then on a deploy needs neither root nor a reload of nginx.',
  )
  await fleet.nginx.useSwitch()
  await deploy(fleet, 0, 'setup')

  section('The first release, v1, onto empty hosts')
  await deploy(fleet, 0)

  return underLoad(fleet)
}

/** Everything after the first release happens while requests come in. */
async function underLoad(fleet: DemoFleet): Promise<number> {
  const perSecond = Object.values(RATES).reduce((sum, rate) => sum + rate, 0)
  section(
    'Requests come in from here on',
    `${perSecond} a second, of the kinds that deploys are known to break: on connections`,
    'kept alive, on new ones, POSTs that take 2 s, uploads that take 3 s, connections',
    'that are opened early and used late.',
  )
  const hammer = await startHammer(['env', `HOME=${fleet.env.HOME}`], {
    url: fleet.nginx.url,
    rates: RATES,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    durationMs: LOAD_MAX_MS,
  })
  const counting = screen.keepCounting(async () => countText(await hammer.reached(0, REQUEST_TIMEOUT_MS)))

  section(
    'A good release: v2',
    '`git push`, and one command. One after another, each host is taken out, drained,',
    'reloaded, verified, and put back.',
  )
  await fleet.repository.push('v2', 'good')
  await deploy(fleet, 0)

  section(
    'A broken release: v3',
    'It starts, and then answers every request with 500.',
    '`pm2 deploy` would call that a success.',
  )
  await fleet.repository.push('v3', 'answers-500')
  await deploy(fleet, 3)

  await counting.stop()
  const counts = await hammer.stop()
  screen.close()
  return summarize(fleet, counts)
}

/** Runs the command line as its user would, in the clone. Rejects where its exit code is another than the story needs. */
async function deploy({ env, repository }: DemoFleet, expected: number, ...words: readonly string[]): Promise<void> {
  const command = ['production', ...words]
  say(`   ${paint.faint('$')} ${paint.strong(`zdr-deploy ${command.join(' ')}`)}`)
  const child = spawn(process.execPath, [CLI, ...command], {
    cwd: repository.clone,
    env: { ...terminalOf(process.env), ...env },
    stdio: 'inherit',
  })
  interruption.deploying = child
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== expected) throw new Error(`zdr-deploy ${command.join(' ')} ended with ${code}, and not with ${expected}`)
}

/** What a program must know to draw. */
function terminalOf(env: NodeJS.ProcessEnv): Record<string, string> {
  const names = ['TERM', 'COLORTERM', 'NO_COLOR', 'FORCE_COLOR', 'CI']
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])))
}

async function summarize(fleet: DemoFleet, counts: HammerCounts): Promise<number> {
  const versions = await fleet.running()
  const good = counts.failed === 0 && versions.every((version) => version === 'v2')
  section('What happened')
  say(`   requests   ${paint.strong(number(counts.total))}`)
  say(`   failed     ${(counts.failed === 0 ? paint.good : paint.bad)(paint.strong(number(counts.failed)))}`)
  for (const { kind, at, what, host } of counts.samples)
    say(`              ${at} ${kind}: ${what} (${host ?? 'nginx'})`)
  say(
    `   answered   ${['v1', 'v2', 'v3'].map((version) => `${version} ${number(counts.versionsSeen[version] ?? 0)}`).join(', ')}`,
  )
  say(`   now runs   ${fleet.hosts.map(({ name }, index) => `${name} ${versions[index]}`).join(', ')}`)
  say(
    good
      ? `\n   ${paint.good('v2 was rolled out and v3 was undone, and nobody who used the shop noticed.')}\n`
      : `\n   ${paint.bad('That is not what should have happened: please report it.')}\n`,
  )
  return good ? 0 : 1
}

function countText({ total, failed }: HammerCounts): string {
  return `${number(total)} requests so far, ${number(failed)} failed`
}

function number(value: number): string {
  return value.toLocaleString('en-US')
}

async function leave(): Promise<never> {
  // It would finish the host under way, on a fleet that is being taken away.
  interruption.deploying?.kill('SIGKILL')
  screen.close()
  say('\n   Cleaning up')
  await clear(folder)
  process.exit(INTERRUPTED)
}
