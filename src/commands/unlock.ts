/** `zdr-deploy production unlock`: who has the lock, and, where that is wanted, takes it away from them. */
import { everywhere } from '../engine/everywhere.ts'
import type { Fleet } from '../engine/fleet.ts'
import { reportFindings } from '../engine/look.ts'
import { UserError } from '../errors.ts'
import { ownerText } from '../hosts/lock.ts'
import type { LockableMachine, LockHolder } from '../hosts/lockable.ts'
import type { ExitCode, Report } from '../rollout/report.ts'
import { personBeside } from './ask-person.ts'
import type { Command } from './context.ts'
import { begin } from './environment.ts'
import { openFleet } from './fleet.ts'

export const run: Command<'unlock'> = async (invocation, context) => {
  const config = await begin(invocation, context, 'unlock')
  const { fleet, findings, failed, close } = await openFleet(config, context, { isGoingBack: true, skip: [] })
  try {
    reportFindings(
      findings.filter(({ host }) => failed.some((each) => each.config.name === host)),
      context.report,
    )
    const ask = () => personBeside(context)(new Promise(() => undefined))
    const exitCode = await unlock(fleet, { ask: context.isTerminal ? ask : null, isForced: invocation.force })
    if (failed.length > 0) throw notEverywhere('host-unreachable')
    return exitCode
  } finally {
    await close()
  }
}

interface Unlocking {
  /** null: nobody can be asked. */
  readonly ask: (() => Promise<'resume' | 'abort' | null>) | null
  readonly isForced: boolean
}

/** Shows who has the lock, machine by machine where that differs, and takes it away where a person, or `--force`, says so. */
export async function unlock(
  { environment, machines, balancer, report }: Pick<Fleet, 'environment' | 'machines' | 'balancer' | 'report'>,
  { ask, isForced }: Unlocking,
): Promise<ExitCode> {
  const all = [...machines.map(({ name, depot }): LockableMachine => ({ ...depot, name })), ...balancer.locks]
  const looked = await everywhere(all, async (machine) => ({ machine, holder: await machine.lockOwner() }))
  for (const each of looked) if (!each.ok) complain(report, each.item, each.error)
  const isAllSeen = looked.every(({ ok }) => ok)
  const held = looked.flatMap((each) =>
    each.ok && each.value.holder !== null ? [{ ...each.value, holder: each.value.holder }] : [],
  )
  if (held.length === 0) {
    if (!isAllSeen) throw notEverywhere('host-command')
    say(report, `nobody has the lock of ${environment}`)
    return 0
  }
  for (const line of holderLines(held)) say(report, line)
  if (!isForced && !(await isWanted(report, ask))) {
    say(report, 'the lock is left as it is')
    return 1
  }
  const taken = await everywhere(held, ({ machine, holder }) => machine.unlock(holder))
  for (const each of taken) if (!each.ok) complain(report, each.item.machine, each.error)
  if (!isAllSeen || taken.some(({ ok }) => !ok)) throw notEverywhere('host-command')
  say(report, `the lock of ${environment} is free: whoever had it changes nothing more`)
  return 0
}

interface Held {
  readonly machine: LockableMachine
  readonly holder: LockHolder
}

/** One line for each deploy that has it somewhere. */
function holderLines(held: readonly Held[]): readonly string[] {
  const tokens = new Set(held.map(({ holder }) => holder.token))
  return [...tokens].map((token) => {
    const its = held.filter(({ holder }) => holder.token === token)
    const names = its.map(({ machine }) => machine.name).join(', ')
    const silences = its.flatMap(({ holder }) => holder.silentMs ?? [])
    const heard = silences.length === 0 ? '' : `; last heard of ${Math.min(...silences) / 1_000} s ago`
    return `${names}: ${its.map(({ holder }) => ownerText(holder))[0]}${heard}`
  })
}

async function isWanted(report: Fleet['report'], ask: Unlocking['ask']): Promise<boolean> {
  if (ask === null)
    throw new UserError('usage', 'Nobody can be asked here whether the lock is to be taken away.', {
      hint: 'If the deploy above is to end, and to change nothing more: `zdr-deploy <environment> unlock --force`.',
    })
  say(report, 'take it away? That deploy changes nothing more, wherever it is. Type y or n, and Enter.')
  return (await ask()) === 'resume'
}

function say(report: (report: Report) => void, text: string): void {
  report({ type: 'note', level: 'info', text })
}

function complain(report: (report: Report) => void, { name }: LockableMachine, { message, output }: UserError): void {
  const text = output === undefined ? message : `${message}\n${output}`
  report({ type: 'finding', weight: 'error', host: name, text })
}

function notEverywhere(code: 'host-unreachable' | 'host-command'): UserError {
  return new UserError(code, 'Not every machine could be looked at, and unlocked.', {
    hint: 'Mend what is said above, and run it again: it may be repeated.',
  })
}
