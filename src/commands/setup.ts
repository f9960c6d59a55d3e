/** `zdr-deploy production setup`: folders on the hosts, nginx files on the balancer. May be run again and again. */
import type { SetupReport } from '../balancers/nginx-setup.ts'
import type { BalancerConfig, EnvironmentConfig } from '../config/types.ts'
import { everywhere } from '../engine/everywhere.ts'
import type { Machine } from '../engine/fleet.ts'
import { run as runScript } from '../engine/prepare.ts'
import { UserError } from '../errors.ts'
import { commandsScript, setupScript } from '../hosts/release.ts'
import type { Connected } from './connect.ts'
import type { Command, CommandContext } from './context.ts'
import { begin } from './environment.ts'
import { type OpenFleet, openFleet, serverOf } from './fleet.ts'
import { reportFindings } from './look.ts'

const foldersTimeoutMs = 60_000
const hookTimeoutMs = 10 * 60_000

export const run: Command<'setup'> = async (invocation, context) => {
  const { environment } = invocation
  const config = await begin(invocation, context, 'setup')
  const open = await openFleet(config, context, { tolerant: false })
  try {
    reportFindings(open.findings, context)
    if (open.findings.some(({ weight }) => weight === 'error'))
      throw new UserError('preflight', 'Not every host can be set up. Nothing was changed.')
    context.report({ type: 'phase', phase: 'setup' })
    await setUpHosts(config, context, open)
    const isReady = await setUpBalancers(config, context, open)
    const text = isReady
      ? `ready: \`zdr-deploy ${environment}\` can roll`
      : `not ready yet: do what is said above, then run \`zdr-deploy ${environment} setup\` again`
    context.report({ type: 'note', level: isReady ? 'info' : 'warning', text })
    return isReady ? 0 : 4
  } finally {
    await open.close()
  }
}

async function setUpHosts(config: EnvironmentConfig, context: CommandContext, { fleet }: OpenFleet): Promise<void> {
  const settled = await everywhere(fleet.machines, (machine) => setUpHost(config, context, machine))
  for (const each of settled)
    if (!each.ok) reportFindings([{ weight: 'error', host: each.item.name, text: each.error.message }], context)
  const [first] = settled.flatMap((each) => (each.ok ? [] : [each.error]))
  if (first !== undefined) throw first
}

/** `pre-setup` comes first, as in pm2 deploy; `post-setup` needs a release, and waits for the first one. */
async function setUpHost(
  { hooks, env }: EnvironmentConfig,
  { report }: CommandContext,
  { name, host, layout }: Machine,
): Promise<void> {
  const onLine = (line: string): void => report({ type: 'output', host: name, line })
  if (hooks.preSetup.length > 0) {
    const script = commandsScript({ directory: '.', commands: hooks.preSetup, env, layout })
    await runScript(host, script, { what: `${name}: pre-setup failed`, timeoutMs: hookTimeoutMs, onLine })
  }
  await runScript(host, setupScript(layout), {
    what: `${name}: the folders could not be made`,
    timeoutMs: foldersTimeoutMs,
  })
  report({ type: 'note', level: 'info', host: name, text: `${layout.base} is set up` })
}

/** True where every machine of the balancer says that it runs the switch. */
async function setUpBalancers(
  config: EnvironmentConfig,
  context: CommandContext,
  { balancers, fleet }: OpenFleet,
): Promise<boolean> {
  const { balancer } = config
  if (balancer === null) return true
  const { setupNginx } = await import('../balancers/nginx-setup.ts')
  const members = fleet.machines.map(({ name }) => ({ name, server: serverOf(config.hosts, name) }))
  const options = {
    upstream: balancer.upstream,
    statusPort: balancer.statusPort,
    batches: config.rollout.batches,
    members,
    ...(balancer.folder === undefined ? {} : { folder: balancer.folder }),
    ...(balancer.config === undefined ? {} : { nginxConfig: balancer.config }),
  }
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
    context,
  )
  reportFindings(
    notes.map(({ file, line, text, hint }) => ({ weight: 'warning', host, text: `${file}:${line} ${text}`, hint })),
    context,
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
