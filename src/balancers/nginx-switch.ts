/** nginx, turned by the name of one file: no reload and no root in a deploy. */
import { UserError } from '../errors.ts'
import type { CommandResult, Host } from '../hosts/host.ts'
import type { Limit } from '../hosts/limits.ts'
import { flockHint } from '../hosts/lock-place.ts'
import type { LockableMachine } from '../hosts/lockable.ts'
import { overDrops } from '../hosts/reconnect.ts'
import { lateText } from '../hosts/run-script.ts'
import type { Balancer, Member, Publication } from './balancer.ts'
import {
  type Held,
  lookForConnections,
  type Sight,
  type SightLimits,
  sightsOfClosed,
  waitUntilNone,
  waitUntilSettled,
} from './connections.ts'
import { preflightNginx } from './nginx-preflight.ts'
import { observeScript, publishExit, publishScript } from './nginx-scripts.ts'
import { findOutSet } from './pools.ts'
import { poolOf, type Rendered, renderNginx } from './render.ts'
import { interpret, isTrouble, readFacts, type SwitchFacts, type SwitchState } from './switch-state.ts'

export interface NginxSwitchOptions {
  /** The machine that nginx runs on. */
  readonly machine: Host
  readonly members: readonly Member[]
  /** Fixed groups of host names: there is a pool for each. */
  readonly batches: readonly (readonly string[])[]
  readonly upstream: string
  /** The loopback port at which nginx tells what it runs. */
  readonly statusPort: number
  /** Where the switch file is. `/var/lib/zdr-deploy/<upstream>` where it is not said. */
  readonly folder?: string
  /** Asks a server for its health once, from the machine given. Never rejects for an unhealthy app. */
  readonly reach: (machine: Host, server: string) => Promise<{ readonly healthy: boolean; readonly detail: string }>
  readonly clock: { readonly now: () => number; readonly sleep: (milliseconds: number) => Promise<void> }
  /** Its lock, at `switchLock`. */
  readonly lock: LockableMachine
  readonly limits: SightLimits
}

const reachIntervalMs = 200
/** Asked again where answers differ: somebody may be turning the switch at this moment. */
const observeAttempts = 3
/** How long the line to a machine may be down. */
const lineDownMsMax = 30_000

/** The balancer port for one nginx machine. `setupNginx` must have been there before. */
export function nginxSwitch(options: NginxSwitchOptions): Balancer {
  const { machine, clock, limits } = options
  const members = new Map(options.members.map((member) => [member.host.name, member]))
  const rendered = renderNginx({
    ...options,
    members: options.members.map(({ host, server }) => ({ name: host.name, server })),
  })
  const servers = options.members.map(({ server }) => server)
  const sights = new Map<string, readonly Sight[]>()
  let last: SwitchState | null = null

  const memberOf = (host: string): Member => {
    const member = members.get(host)
    if (!member) throw new Error(`${host} is no member of upstream ${options.upstream}`)
    return member
  }
  const remember = async (member: Member): Promise<Held> => {
    const held = await lookForConnections(machine, member, limits)
    if (held.type === 'seen') sights.set(member.host.name, held.sights)
    return held
  }
  const sightsOf = async (host: string): Promise<readonly Sight[]> => {
    const known = sights.get(host)
    if (known) return known
    const held = await remember(memberOf(host))
    if (held.type === 'seen') return held.sights
    if (held.type === 'closed') return sightsOfClosed(machine, memberOf(host), limits.step)
    throw new UserError('balancer', `nobody can tell whether requests are still running on ${host}: ${held.why}`)
  }

  return {
    machines: [machine.address],
    locks: [options.lock],
    canPublish: (out) => findOutSet(rendered.outSets, out) !== undefined,
    preflight: () =>
      preflightNginx({
        machine,
        members: options.members,
        rendered,
        look: () => lookAt(options, rendered),
        hold: remember,
      }),
    observe: async () => {
      last = await observe(options, rendered)
      return { out: last.out, mixed: [], byHand: last.byHand }
    },
    publish: async (publication) => {
      last = await overDrops(clock, lineDownMsMax, async () => {
        const from = last ?? (await observe(options, rendered))
        return publish(options, rendered, { from, publication })
      })
    },
    drained: async (host, wait) =>
      overDrops(clock, Math.min(wait.timeoutMs, lineDownMsMax), async (spentMs) => {
        const known = await sightsOf(host)
        const startMs = clock.now()
        await waitUntilSettled(machine, servers)
        const leftMs = wait.timeoutMs - spentMs - (clock.now() - startMs)
        await waitUntilNone(known, { ...wait, timeoutMs: Math.max(leftMs, 0) })
      }),
    reaches: (host, limit) => reaches(options, memberOf(host), limit),
  }
}

async function lookAt(
  { machine, statusPort, limits: { step } }: NginxSwitchOptions,
  { folder }: Rendered,
): Promise<SwitchFacts> {
  const result = await machine.run(observeScript(folder, statusPort), step)
  if (result.code === 0) return readFacts(result.stdout)
  const what = `nginx on ${machine.name} could not be asked`
  throw new UserError('balancer', `${what}${lateText(result, step)}`, { output: result.stderr })
}

async function observe(options: NginxSwitchOptions, rendered: Rendered): Promise<SwitchState> {
  let state = interpret(await lookAt(options, rendered), rendered)
  for (let attempt = 1; isTrouble(state) && attempt < observeAttempts; attempt++) {
    state = interpret(await lookAt(options, rendered), rendered)
  }
  if (!isTrouble(state)) return state
  throw new UserError('balancer', `${options.machine.name}: ${state.trouble}`, { hint: state.hint })
}

async function publish(
  { machine, statusPort, limits: { step } }: NginxSwitchOptions,
  rendered: Rendered,
  { from, publication }: { readonly from: SwitchState; readonly publication: Publication },
): Promise<SwitchState> {
  const set = findOutSet(rendered.outSets, publication.out)
  if (!set) throw new UserError('balancer', `nginx has no pool that leaves out just ${publication.out.join(', ')}`)
  const line = {
    by: publication.by,
    from: from.file,
    fromByHand: from.byHand,
    out: set.file,
    byHand: publication.byHand,
  }
  const stands = from.file === set.file && from.lastLine?.out === set.file && sameNames(from.byHand, line.byHand)
  const script = publishScript({
    folder: rendered.folder,
    statusPort,
    from: from.file,
    to: set.file,
    by: publication.by,
    line: stands ? null : JSON.stringify(line).slice(1),
    answer: `${poolOf(rendered.variable, set.file)} ${rendered.hash}`,
  })
  const result = await machine.run(script, step)
  if (result.code !== 0) throw refusal(machine, result, step)
  return { file: set.file, out: set.hosts, byHand: line.byHand, lastLine: line }
}

function refusal(machine: Host, result: CommandResult, limit: Limit): UserError {
  const { name } = machine
  const output = `${result.stdout}${result.stderr}`.trim()
  const details = { hint: 'Look with `zdr-deploy <environment> status`.', output }
  switch (result.code ?? -1) {
    case publishExit.locked:
      return new UserError(
        'locked',
        `the lock on ${name} is another deploy's, or was taken away: nothing more is changed`,
        { hint: details.hint },
      )
    case publishExit.otherHand:
    case publishExit.rename:
      return new UserError('balancer', `another hand turned the switch on ${name} meanwhile`, details)
    case publishExit.busy:
      return new UserError('balancer', `another hand keeps the switch on ${name}: it was not turned`, details)
    case publishExit.flock:
      return new UserError('balancer', `flock cannot lock on ${name}: the switch was not turned`, {
        hint: flockHint,
        output,
      })
    case publishExit.unseen:
      return new UserError('balancer', `nginx on ${name} does not say that the switch was turned`, details)
    default:
      return new UserError('balancer', `the switch on ${name} could not be turned${lateText(result, limit)}`, details)
  }
}

async function reaches(
  { machine, reach, clock }: NginxSwitchOptions,
  member: Member,
  { timeoutMs, setBy }: Limit,
): Promise<void> {
  const deadline = clock.now() + timeoutMs
  for (;;) {
    const { healthy, detail } = await reach(machine, member.server)
    if (healthy) return
    if (clock.now() >= deadline) {
      const inTime = setBy === undefined ? '' : ` in time (${setBy})`
      throw new UserError(
        'balancer',
        `${machine.name} gets no healthy answer from ${member.server}${inTime}: ${detail}`,
      )
    }
    await clock.sleep(reachIntervalMs)
  }
}

function sameNames(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((name) => others.includes(name))
}
