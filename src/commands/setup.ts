/** `zdr-deploy production setup`: folders on the hosts, nginx files on the balancer. May be run again and again. */
import type { EnvironmentConfig } from '../config/types.ts'
import { systemClock } from '../engine/clock.ts'
import { everywhere, type Settled } from '../engine/everywhere.ts'
import type { Machine } from '../engine/fleet.ts'
import { type HostView, inspectHost } from '../engine/inspect.ts'
import { type FleetLock, takeLock } from '../engine/lock.ts'
import { findingOf, reportFindings } from '../engine/look.ts'
import { UserError } from '../errors.ts'
import type { ExitCode } from '../rollout/report.ts'
import type { SetupWishes } from './arguments.ts'
import type { Command, CommandContext } from './context.ts'
import { roll } from './deploy.ts'
import { commandText, ownerOf } from './deploying.ts'
import { begin } from './environment.ts'
import { type OpenFleet, openFleet, refuseUnknown } from './fleet.ts'
import { handBack } from './hand-back.ts'
import { joinWishes, newcomersOf } from './newcomers.ts'
import { setUpBalancers } from './setup-balancers.ts'
import { type Found, findSources, takeOver } from './take-over.ts'

export const run: Command<'setup'> = async (invocation, context) => {
  const startedMs = systemClock.now()
  const config = await begin(invocation, context, 'setup')
  const { hosts } = invocation
  refuseUnknown(config, 'hosts', hosts)
  const open = await openFleet(config, context, { isGoingBack: invocation.undo, skip: [] })
  try {
    const { exitCode, joining } = await underLock(invocation, { config, context, open })
    if (joining.length === 0) return exitCode
    const wishes = joinWishes(joining)
    const command = commandText(config, wishes.goal)
    // Whether it was run for this commit or not, the others go on with the database that they have.
    const rolled = { ...config, migrate: null }
    return await roll(wishes, { config: rolled, context, startedMs, command, open: open.openFor, answers: null })
  } finally {
    await open.close()
  }
}

interface Done {
  readonly exitCode: ExitCode
  /** Hosts that are to get what the others run. */
  readonly joining: readonly string[]
}

async function underLock(wishes: SetupWishes, { config, context, open }: Place): Promise<Done> {
  reportFindings(open.findings, context.report)
  if (open.findings.some(({ weight }) => weight === 'error'))
    throw new UserError('preflight', 'Not every host can be set up. Nothing was changed.')
  context.report({ type: 'phase', phase: 'lock' })
  const owner = ownerOf(`setup ${config.environment}`)
  // Every deploy has a host, and this has all of them: the machines of the balancer may not be set up yet.
  const lock = await takeLock({ ...open.fleet, balancer: { locks: [] } }, owner)
  try {
    context.report({ type: 'phase', phase: 'inspect' })
    const views = await lookAtAll(open, context)
    const settingUp = { config, context, open, lock, views, wishes }
    return wishes.undo ? await undo(settingUp) : await setUp(settingUp)
  } finally {
    await lock.release()
  }
}

interface Place {
  readonly config: EnvironmentConfig
  readonly context: CommandContext
  readonly open: OpenFleet
}

interface SettingUp extends Place {
  readonly lock: FleetLock
  /** Of all hosts. */
  readonly views: readonly HostView[]
  readonly wishes: SetupWishes
}

async function lookAtAll({ fleet }: OpenFleet, { report }: CommandContext): Promise<readonly HostView[]> {
  const looked = await everywhere(fleet.machines, (machine) => inspectHost(fleet, machine))
  refuseFailed(looked, ({ name }) => name, report)
  return looked.flatMap((each) => (each.ok ? [each.value] : []))
}

async function undo({ config, context, open: { fleet }, lock, views }: SettingUp): Promise<Done> {
  context.report({ type: 'phase', phase: 'setup' })
  await handBack({ config, fleet, lock, views })
  const say = (text: string): void => context.report({ type: 'note', level: 'info', text })
  say('handed back: `pm2 deploy` goes on where it was')
  if (config.balancer !== null) say('nginx keeps its switch as it stands: your site may go on with it, or without')
  return { exitCode: 0, joining: [] }
}

async function setUp(settingUp: SettingUp): Promise<Done> {
  const { config, context, open, lock, views, wishes } = settingUp
  const due = views.filter(({ machine }) => wishes.hosts.length === 0 || wishes.hosts.includes(machine.name))
  const found = await findSources(due, config, context)
  context.report({ type: 'phase', phase: 'setup' })
  await setUpHosts(settingUp, due, found)
  // `pre-setup` may have taken minutes.
  await lock.assertOurs()
  const newcomers = newcomersOf(views)
  const isReady = await setUpBalancers({ config, context, open, newcomers })
  if (!isReady) return notReady(settingUp)
  const others = views.filter((view) => !due.includes(view))
  const joining = others.some(({ inspection }) => inspection.current.kind !== 'none') ? wishes.hosts : []
  if (joining.length === 0) sayReady(settingUp, newcomers)
  return { exitCode: 0, joining }
}

function notReady({ config: { environment }, context }: SettingUp): Done {
  const text = `not ready yet: do what is said above, then run \`zdr-deploy ${environment} setup\` again`
  context.report({ type: 'note', level: 'warning', text })
  return { exitCode: 4, joining: [] }
}

function sayReady({ config: { environment }, context }: SettingUp, newcomers: readonly string[]): void {
  const command = `zdr-deploy ${environment}`
  if (newcomers.length > 0) {
    const text = `new, and to serve when the next deploy, or \`${command} setup --hosts ${newcomers.join(',')}\`, has brought what the others run: ${newcomers.join(', ')}`
    context.report({ type: 'note', level: 'info', text })
  }
  context.report({ type: 'note', level: 'info', text: `ready: \`${command}\` can roll` })
}

async function setUpHosts(settingUp: SettingUp, views: readonly HostView[], found: readonly Found[]): Promise<void> {
  const { context } = settingUp
  const settled = await everywhere(views, ({ machine }) =>
    setUpHost(settingUp, machine, found.find(({ view }) => view.machine.name === machine.name) ?? null),
  )
  refuseFailed(settled, ({ machine }) => machine.name, context.report)
}

/** Tells of each that failed, and throws the first. */
function refuseFailed<Item>(
  settled: readonly Settled<Item, unknown>[],
  nameOf: (item: Item) => string,
  report: CommandContext['report'],
): void {
  const failed = settled.flatMap((each) => (each.ok ? [] : [each]))
  reportFindings(
    failed.map(({ item, error }) => findingOf(nameOf(item), error)),
    report,
  )
  if (failed[0] !== undefined) throw failed[0].error
}

/**
 * `pre-setup` comes first, as in pm2 deploy; `post-setup` needs a release, and waits for the first one. That the ref can
 * be had is seen here, and not in the first deploy.
 */
async function setUpHost(
  { config, context, lock, open: { fleet } }: SettingUp,
  machine: Machine,
  found: Found | null,
): Promise<void> {
  const { hooks, env, repo, depth, ref } = config
  const { name, layout } = machine
  const { report } = context
  const onLine = (line: string): void => report({ type: 'output', host: name, line })
  const guarded = await lock.guarded(machine)
  const { depot } = guarded
  if (hooks.preSetup.length > 0)
    await depot.run(
      { directory: null, commands: hooks.preSetup, env },
      { what: 'pre-setup failed', ...config.timeouts.prepare, onLine },
    )
  await depot.setUp(config.shared)
  await depot.fetch({ repo, depth })
  const sha = await depot.resolve(ref)
  if (found !== null) await takeOver({ config, fleet, machine: guarded }, found)
  report({
    type: 'note',
    level: 'info',
    host: name,
    text: `${layout.base} is set up; ${ref} is ${sha.slice(0, 7)} there`,
  })
}
