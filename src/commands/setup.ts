/** `zdr-deploy production setup`: folders on the hosts, nginx files on the balancer. May be run again and again. */
import type { SetupReport } from '../balancers/nginx-setup.ts'
import type { BalancerConfig, EnvironmentConfig } from '../config/types.ts'
import { everywhere } from '../engine/everywhere.ts'
import type { Machine } from '../engine/fleet.ts'
import { type FleetLock, takeLock } from '../engine/lock.ts'
import { reportFindings } from '../engine/look.ts'
import { UserError } from '../errors.ts'
import { twice } from '../hosts/limits.ts'
import type { ExitCode } from '../rollout/report.ts'
import type { Connected } from './connect.ts'
import type { Command, CommandContext } from './context.ts'
import { ownerOf } from './deploying.ts'
import { begin } from './environment.ts'
import { type OpenFleet, openFleet } from './fleet.ts'
import { nginxOptions } from './nginx-options.ts'

export const run: Command<'setup'> = async (invocation, context) => {
  const config = await begin(invocation, context, 'setup')
  const open = await openFleet(config, context, { isGoingBack: false, skip: [] })
  try {
    reportFindings(open.findings, context.report)
    if (open.findings.some(({ weight }) => weight === 'error'))
      throw new UserError('preflight', 'Not every host can be set up. Nothing was changed.')
    context.report({ type: 'phase', phase: 'lock' })
    const owner = ownerOf(`setup ${config.environment}`)
    // Every deploy has a host, and this has all of them: the machines of the balancer may not be set up yet.
    const lock = await takeLock({ ...open.fleet, balancer: { locks: [] } }, owner)
    try {
      return await setUp({ config, context, open, lock })
    } finally {
      await lock.release()
    }
  } finally {
    await open.close()
  }
}

interface SettingUp {
  readonly config: EnvironmentConfig
  readonly context: CommandContext
  readonly open: OpenFleet
  readonly lock: FleetLock
}

async function setUp(settingUp: SettingUp): Promise<ExitCode> {
  const { config, context, lock } = settingUp
  context.report({ type: 'phase', phase: 'setup' })
  await setUpHosts(settingUp)
  // `pre-setup` may have taken minutes.
  await lock.assertOurs()
  const isReady = await setUpBalancers(settingUp)
  const command = `zdr-deploy ${config.environment}`
  const text = isReady
    ? `ready: \`${command}\` can roll`
    : `not ready yet: do what is said above, then run \`${command} setup\` again`
  context.report({ type: 'note', level: isReady ? 'info' : 'warning', text })
  return isReady ? 0 : 4
}

async function setUpHosts(settingUp: SettingUp): Promise<void> {
  const { context, open } = settingUp
  const settled = await everywhere(open.fleet.machines, (machine) => setUpHost(settingUp, machine))
  for (const each of settled)
    if (!each.ok) reportFindings([{ weight: 'error', host: each.item.name, text: each.error.message }], context.report)
  const [first] = settled.flatMap((each) => (each.ok ? [] : [each.error]))
  if (first !== undefined) throw first
}

/** `pre-setup` comes first, as in pm2 deploy; `post-setup` needs a release, and waits for the first one. */
async function setUpHost({ config, context, lock }: SettingUp, machine: Machine): Promise<void> {
  const { hooks, env } = config
  const { name, layout } = machine
  const { report } = context
  const onLine = (line: string): void => report({ type: 'output', host: name, line })
  const { depot } = await lock.guarded(machine)
  if (hooks.preSetup.length > 0)
    await depot.run(
      { directory: null, commands: hooks.preSetup, env },
      { what: 'pre-setup failed', ...config.timeouts.prepare, onLine },
    )
  await depot.setUp(config.shared)
  report({ type: 'note', level: 'info', host: name, text: `${layout.base} is set up` })
}

/** True where every machine of the balancer says that it runs the switch. */
async function setUpBalancers({ config, context, open }: SettingUp): Promise<boolean> {
  const { balancers } = open
  const { balancer } = config
  if (balancer === null) return true
  const { setupNginx } = await import('../balancers/nginx-setup.ts')
  // It is tested and shown several times, and nginx reads it anew.
  const options = { ...nginxOptions(config, balancer), limit: twice(config.timeouts.step) }
  let isReady = true
  // One after another: where the first refuses, the others keep what they have.
  for (const each of balancers) {
    const report = await setupNginx(each.host, options)
    tell(report, { context, balancer, machine: each })
    isReady &&= report.live
  }
  return isReady
}

interface Telling {
  readonly context: CommandContext
  readonly balancer: BalancerConfig
  readonly machine: Connected
}

function tell(
  { changed, live, missing, refusals, notes, script }: SetupReport,
  { context, balancer, machine }: Telling,
): void {
  const host = machine.config.name
  reportFindings(
    refusals.map(({ file, line, text, hint }) => ({ weight: 'error', host, text: `${file}:${line} ${text}`, hint })),
    context.report,
  )
  reportFindings(
    notes.map(({ file, line, text, hint }) => ({ weight: 'warning', host, text: `${file}:${line} ${text}`, hint })),
    context.report,
  )
  const say = (level: 'info' | 'warning', text: string): void => context.report({ type: 'note', level, host, text })
  if (script !== null) say('warning', `needs root, or sudo without a password. Run this there as root:\n${script}`)
  if (missing.length > 0)
    say(
      'warning',
      `the site lacks these lines:\n${missing.map(({ where, text }) => `  ${where}:\n    ${text}`).join('\n')}`,
    )
  if (live)
    say(
      'info',
      changed
        ? `nginx runs the switch for upstream ${balancer.upstream}`
        : 'nothing to change: nginx runs the switch already',
    )
}
