/** `zdr-deploy production unlock`: who has the lock, and, where that is wanted, takes it away from them. */
import { everywhere } from '../engine/everywhere.ts'
import type { Fleet } from '../engine/fleet.ts'
import { lockOf } from '../engine/lock.ts'
import { findingOf, reportFindings } from '../engine/look.ts'
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
    const ask = async () => (await personBeside(context)(new Promise(() => undefined))) === 'resume'
    const unreached = failed.map((each) => each.config.name)
    return await unlock(fleet, { unreached, ask: context.isTerminal ? ask : null, isForced: invocation.force })
  } finally {
    await close()
  }
}

interface Unlocking {
  /** Names of machines that are not in the fleet, because they could not be reached: whoever has the lock may have it there. */
  readonly unreached: readonly string[]
  /** null: nobody can be asked. */
  readonly ask: (() => Promise<boolean>) | null
  readonly isForced: boolean
}

type Unlocked = Pick<Fleet, 'environment' | 'machines' | 'balancer' | 'report'>

/** Shows who has the lock, machine by machine where that differs, and takes it away where a person, or `--force`, says so. */
export async function unlock(fleet: Unlocked, { unreached, ask, isForced }: Unlocking): Promise<ExitCode> {
  const { environment, machines, balancer, report } = fleet
  const { held, free, unseen } = await look([...machines.map(lockOf), ...balancer.locks], report)
  const unknown = [...unreached, ...unseen]
  if (held.length === 0) {
    const nobody = `nobody has the lock of ${environment}`
    if (unknown.length > 0) throw notEverywhere(free, unknown, nobody)
    say(report, nobody)
    return 0
  }
  for (const line of holderLines(held)) say(report, line)
  if (unknown.length > 0) say(report, `it is not known who has it on ${unknown.join(', ')}`)
  if (!isForced && !(await isWanted(report, ask))) {
    say(report, 'the lock is left as it is')
    return 1
  }
  await takeAway(fleet, held, unknown)
  return 0
}

/** Rejects where somebody may still have it; the machines of which that is not known are named. */
async function takeAway(
  { environment, machines, report }: Unlocked,
  held: readonly Held[],
  unknown: readonly string[],
): Promise<void> {
  const taken = await everywhere(held, ({ machine, holder }) => machine.unlock(holder))
  for (const each of taken) if (!each.ok) complain(report, each.item.machine.name, each.error)
  const isEnded = await endSteps(machines, { held, report })
  const after = await look(
    held.map(({ machine }) => machine),
    report,
  )
  const tokens = new Set(['', ...held.map(({ holder }) => holder.token)])
  const still = after.held.filter(({ holder }) => tokens.has(holder.token))
  for (const { machine, holder } of still)
    complain(report, machine.name, new UserError('locked', `still held by ${ownerText(holder)}`))
  const others = after.held.filter((each) => !still.includes(each))
  const failed = taken.flatMap((each) => (each.ok ? [] : [each.item]))
  const left = [...new Set([...unknown, ...after.unseen, ...namesOf([...still, ...failed])])]
  const gone = [...after.free, ...namesOf(others)].filter((name) => !left.includes(name))
  if (left.length > 0) throw notEverywhere(gone, left, `the lock of ${environment} was taken away`)
  if (!isEnded) throw unfinished('The lock was taken away, and a step of whoever had it may still go on.')
  say(report, `the lock of ${environment} was taken away: whoever had it changes nothing more`)
  for (const line of holderLines(others)) say(report, `taken by another since, ${line}`)
}

function namesOf(held: readonly Held[]): readonly string[] {
  return held.map(({ machine }) => machine.name)
}

interface Looked {
  readonly held: readonly Held[]
  /** Names of machines where nobody has it, and of those that did not say. */
  readonly free: readonly string[]
  readonly unseen: readonly string[]
}

async function look(all: readonly LockableMachine[], report: Fleet['report']): Promise<Looked> {
  const looked = await everywhere(all, async (machine) => ({ machine, holder: await machine.lockOwner() }))
  for (const each of looked) if (!each.ok) complain(report, each.item.name, each.error)
  const seen = looked.flatMap((each) => (each.ok ? [each.value] : []))
  return {
    held: seen.flatMap(({ machine, holder }) => (holder === null ? [] : [{ machine, holder }])),
    free: seen.flatMap(({ machine, holder }) => (holder === null ? [machine.name] : [])),
    unseen: looked.flatMap((each) => (each.ok ? [] : [each.item.name])),
  }
}

interface Ending extends Pick<Fleet, 'report'> {
  readonly held: readonly Held[]
}

/** On every host: a step goes on where the lock was lost before, too. */
async function endSteps(machines: Fleet['machines'], { held, report }: Ending): Promise<boolean> {
  const tokens = [...new Set(held.map(({ holder }) => holder.token))].filter((token) => token !== '')
  const ended = await everywhere(machines, async ({ name, depot }) => {
    for (const token of tokens)
      if (await depot.endStep(token))
        warn(
          report,
          name,
          'a migration goes on here, which is not ended half-way: it ends by itself within its time limit',
        )
  })
  for (const each of ended) if (!each.ok) complain(report, each.item.name, each.error)
  return ended.every(({ ok }) => ok)
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
  return ask()
}

function say(report: (report: Report) => void, text: string): void {
  report({ type: 'note', level: 'info', text })
}

function warn(report: (report: Report) => void, host: string, text: string): void {
  report({ type: 'note', level: 'warning', host, text })
}

function complain(report: (report: Report) => void, name: string, error: UserError): void {
  reportFindings([findingOf(name, error)], report)
}

/** `so` is true of the first machines, and not known to be so of the others. */
function notEverywhere(first: readonly string[], others: readonly string[], so: string): UserError {
  const known = first.length === 0 ? [] : [`on ${first.join(', ')} ${so}`]
  return unfinished(`Not everywhere: ${[...known, `on ${others.join(', ')} somebody may still have it`].join('; ')}.`)
}

function unfinished(message: string): UserError {
  return new UserError('host-command', message, {
    hint: 'Mend what is said above, and run it again: it may be repeated.',
  })
}
