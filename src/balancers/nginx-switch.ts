/** nginx, turned by the name of one file: no reload and no root in a deploy. */
import { UserError } from '../errors.ts'
import type { Host } from '../hosts/host.ts'
import type { Limit } from '../hosts/limits.ts'
import { overDrops } from '../hosts/reconnect.ts'
import { type Locking, shellLock } from '../hosts/shell-lock.ts'
import type { Balancer, Member, Publication } from './balancer.ts'
import { type Held, lookForConnections, type Sight, sightsOfClosed, waitUntilNone } from './connections.ts'
import { preflightNginx } from './nginx-preflight.ts'
import { observeScript, publishExit, publishScript, switchLock } from './nginx-scripts.ts'
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
  /** What the deploy of this token waits for, as its hosts know. */
  readonly pauseOf?: Locking['pauseOf']
}

const commandTimeoutMs = 30_000
const reachIntervalMs = 200
/** Asked again where answers differ: somebody may be turning the switch at this moment. */
const observeAttempts = 3
/** How long the line to a machine may be down. */
const lineDownMsMax = 30_000

/** The balancer port for one nginx machine. `setupNginx` must have been there before. */
export function nginxSwitch(options: NginxSwitchOptions): Balancer {
  const { machine, clock } = options
  const members = new Map(options.members.map((member) => [member.host.name, member]))
  const rendered = renderNginx({
    ...options,
    members: options.members.map(({ host, server }) => ({ name: host.name, server })),
  })
  const whoWaits = options.pauseOf === undefined ? {} : { pauseOf: options.pauseOf }
  const sights = new Map<string, readonly Sight[]>()
  let last: SwitchState | null = null

  const memberOf = (host: string): Member => {
    const member = members.get(host)
    if (!member) throw new Error(`${host} is no member of upstream ${options.upstream}`)
    return member
  }
  const remember = async (member: Member): Promise<Held> => {
    const held = await lookForConnections(machine, member)
    if (held.type === 'seen') sights.set(member.host.name, held.sights)
    return held
  }
  const sightsOf = async (host: string): Promise<readonly Sight[]> => {
    const known = sights.get(host)
    if (known) return known
    const held = await remember(memberOf(host))
    if (held.type === 'seen') return held.sights
    if (held.type === 'closed') return sightsOfClosed(machine, memberOf(host))
    throw new UserError('balancer', `nobody can tell whether requests are still running on ${host}: ${held.why}`)
  }

  return {
    machines: [machine.address],
    locks: [shellLock({ host: machine, place: switchLock(rendered.folder), ...whoWaits })],
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
      overDrops(clock, Math.min(wait.timeoutMs, lineDownMsMax), async (spentMs) =>
        waitUntilNone(await sightsOf(host), { ...wait, timeoutMs: Math.max(wait.timeoutMs - spentMs, 0) }),
      ),
    reaches: (host, limit) => reaches(options, memberOf(host), limit),
  }
}

async function lookAt({ machine, statusPort }: NginxSwitchOptions, { folder }: Rendered): Promise<SwitchFacts> {
  const { code, stdout, stderr } = await machine.run(observeScript(folder, statusPort), { timeoutMs: commandTimeoutMs })
  if (code !== 0) throw new UserError('balancer', `nginx on ${machine.name} could not be asked`, { output: stderr })
  return readFacts(stdout)
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
  { machine, statusPort }: NginxSwitchOptions,
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
  const { code, stdout, stderr } = await machine.run(script, { timeoutMs: commandTimeoutMs })
  if (code !== 0) throw refusal(machine, code, `${stdout}${stderr}`.trim())
  return { file: set.file, out: set.hosts, byHand: line.byHand, lastLine: line }
}

function refusal(machine: Host, code: number | null, output: string): UserError {
  const hint = 'Look with `zdr-deploy <environment> status`.'
  if (code === publishExit.locked) {
    const text = `the lock on ${machine.name} is another deploy's, or was taken away: nothing more is changed`
    return new UserError('locked', text, { hint })
  }
  if (code === publishExit.otherHand || code === publishExit.rename) {
    return new UserError('balancer', `another hand turned the switch on ${machine.name} meanwhile`, { hint, output })
  }
  if (code === publishExit.unseen) {
    return new UserError('balancer', `nginx on ${machine.name} does not say that the switch was turned`, {
      hint,
      output,
    })
  }
  return new UserError('balancer', `the switch on ${machine.name} could not be turned`, { hint, output })
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
