/**
 * `zdr-deploy production resume` and `abort`: the answer to a deploy that waits, from anywhere. Where none waits, and the
 * last one was cut off, that one is gone on with, or taken back.
 */
import type { Finding } from '../balancers/balancer.ts'
import type { EnvironmentConfig } from '../config/types.ts'
import { systemClock } from '../engine/clock.ts'
import { findCutOff, wishOf } from '../engine/cut-off.ts'
import { everywhere } from '../engine/everywhere.ts'
import type { Machine } from '../engine/fleet.ts'
import type { Wish } from '../engine/goal.ts'
import { findingOf, reportFindings } from '../engine/look.ts'
import { whileLocked } from '../engine/while-locked.ts'
import { type ErrorCode, UserError } from '../errors.ts'
import type { Answer, Pause } from '../hosts/depot.ts'
import { ownerText } from '../hosts/lock.ts'
import type { HostName } from '../rollout/model.ts'
import type { Invocation, Wishes } from './arguments.ts'
import type { Command, CommandContext } from './context.ts'
import { roll } from './deploy.ts'
import { who } from './deploying.ts'
import { begin } from './environment.ts'
import { type OpenFleet, openFleet } from './fleet.ts'

export const run: Command<'resume' | 'abort'> = async (invocation, context) => {
  const startedMs = systemClock.now()
  const { verb, environment, skip } = invocation
  const config = await begin(invocation, context, verb)
  const open = await openFleet(config, context, { isGoingBack: verb === 'abort', skip })
  try {
    const asked = await answer(invocation, { config, context, open })
    if (asked === null) return 0
    const { goal, token } = asked
    const command = `${verb} ${environment} ${goal.kind === 'release' ? goal.release : goal.ref}`
    const rolling = { config, context, startedMs, command, open: open.openFor, answers: token }
    return await roll({ ...invocation, goal }, rolling)
  } finally {
    await open.close()
  }
}

type Answering = Extract<Invocation, { verb: 'resume' | 'abort' }>

/** What is to be rolled instead, where no deploy waits and the last one was cut off; null: the answer was given. */
interface Asked {
  readonly goal: Exclude<Wish, { kind: 'join' }>
  /** Of the deploy that was cut off. */
  readonly token: string
}

interface Place {
  readonly config: EnvironmentConfig
  readonly context: CommandContext
  readonly open: OpenFleet
}

async function answer(
  invocation: Answering,
  { config, context, open: { fleet, findings, failed } }: Place,
): Promise<Asked | null> {
  const { verb } = invocation
  const { left, asked } = await whileLocked(fleet, invocation, () => answerOnce(verb, fleet.machines))
  if (left.kind === 'given') {
    const text = `the deploy that paused after ${left.after.join(', ')} ${effectOf(verb, config)}, and says there how it ends`
    context.report({ type: 'note', level: 'info', text })
    if (saysMore(invocation)) {
      const unheard = 'it goes on as it was begun: the options that were given here mean nothing to it'
      context.report({ type: 'note', level: 'warning', text: unheard })
    }
    return null
  }
  if (asked !== null) return asked
  const unreached = failed.filter((each) => config.hosts.includes(each.config))
  const unseen = left.kind === 'unseen' ? left.findings : []
  const ofUnreached = findings.filter(({ host }) => unreached.some((each) => each.config.name === host))
  reportFindings([...ofUnreached, ...unseen], context.report)
  if (unseen.length > 0) throw notSeen('host-command')
  throw unreached.length > 0 ? notSeen('host-unreachable') : nobodyWaits(config.environment)
}

interface Answered {
  readonly left: Left
  /** null where an answer was given, too. */
  readonly asked: Asked | null
}

/** Rejects with UserError `locked` where a deploy has the lock and asks nothing: it may have been killed a moment ago. */
export async function answerOnce(verb: Answer['answer'], machines: readonly Machine[]): Promise<Answered> {
  const left = await leaveAnswer(machines, { answer: verb, by: who() })
  if (left.kind === 'given') return { left, asked: null }
  const asked = await askInstead(verb, machines)
  if (asked !== null) return { left, asked }
  const owners = await everywhere(machines, ({ depot }) => depot.lockOwner())
  const [owner] = owners.flatMap((each) => (each.ok ? (each.value ?? []) : []))
  if (owner === undefined) return { left, asked }
  const text = `No deploy waits for an answer. The last one is still under way, or was cut off less than a minute ago: ${ownerText(owner)}`
  throw new UserError('locked', text, {
    hint: 'Wait for it to end, with `--wait 2m`, or look with `zdr-deploy <environment> status`.',
    cause: owner,
  })
}

function saysMore({ allowDowntime, allowSkipped, skip, migrate, waitMs }: Wishes): boolean {
  return allowDowntime || allowSkipped || skip.length > 0 || migrate !== null || waitMs > 0
}

/** null: no deploy was cut off, as far as can be seen. A host that says nothing is met again by the deploy. */
export async function askInstead(verb: Answer['answer'], machines: readonly Machine[]): Promise<Asked | null> {
  const looked = await everywhere(machines, async ({ depot }) => ({ inspection: await depot.inspect() }))
  const views = looked.flatMap((each) => (each.ok ? [each.value] : []))
  const found = await findCutOff(machines, views)
  return found === null ? null : { goal: wishOf(verb, found, views), token: found.token }
}

/** What a yes or a no means to the deploy that waits. */
export function effectOf(answer: Answer['answer'], { rollout }: Pick<EnvironmentConfig, 'rollout'>): string {
  if (answer === 'resume') return 'goes on'
  switch (rollout.onFailure) {
    case 'rollback':
      return 'takes back what it did'
    case 'stop':
      return 'stops where it is'
  }
}

/** `after`: the hosts after which the deploy that is answered paused. */
type Left =
  | { readonly kind: 'given'; readonly after: readonly HostName[] }
  | { readonly kind: 'nobody waits' }
  /** No question was found, and not every host could be looked at. */
  | { readonly kind: 'unseen'; readonly findings: readonly Finding[] }

/** Rejects where a deploy waits and no host takes the answer to it. */
export async function leaveAnswer(machines: readonly Machine[], given: Omit<Answer, 'token'>): Promise<Left> {
  const looked = await everywhere(machines, async (machine) => ({ machine, pause: await waiting(machine) }))
  const found = looked.flatMap((each) => (each.ok && each.value.pause !== null ? [each.value] : []))
  const pause = found[0]?.pause ?? null
  if (pause === null) {
    const findings = looked.flatMap((each) => (each.ok ? [] : [findingOf(each.item.name, each.error)]))
    return findings.length === 0 ? { kind: 'nobody waits' } : { kind: 'unseen', findings }
  }
  const { token, after } = pause
  const told = await everywhere(found, ({ machine }) => machine.depot.answer({ ...given, token }))
  const [failure] = told.flatMap((each) => (each.ok ? [] : [each.error]))
  if (failure !== undefined && told.every(({ ok }) => !ok)) throw failure
  return { kind: 'given', after }
}

/** Only while its deploy lives: one that was killed left its question behind. */
async function waiting({ depot }: Machine): Promise<Pause | null> {
  const [pause, owner] = await Promise.all([depot.paused(), depot.lockOwner()])
  return pause !== null && owner?.token === pause.token ? pause : null
}

/** Whoever is told that nobody waits may start something else. */
function notSeen(code: ErrorCode): UserError {
  return new UserError(code, 'No deploy was found that waits for an answer, and not every host could be looked at.', {
    hint: 'Mend what is said above, or answer as the user that deploys: what a deploy leaves on a host is for nobody else to read.',
  })
}

function nobodyWaits(environment: string): UserError {
  return new UserError('usage', `No deploy of ${environment} waits for an answer, and the last one was not cut off.`, {
    hint: `\`zdr-deploy ${environment} status\` shows what is so now.`,
  })
}
