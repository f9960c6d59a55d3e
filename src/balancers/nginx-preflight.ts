/** What must be true of an nginx machine before a deploy. Read only; findings instead of exceptions. */
import { UserError } from '../errors.ts'
import type { Host } from '../hosts/host.ts'
import type { Finding, Member } from './balancer.ts'
import type { Held } from './connections.ts'
import type { Rendered } from './render.ts'
import { interpret, isTrouble, type SwitchFacts } from './switch-state.ts'

export interface NginxPreflight {
  readonly machine: Host
  readonly members: readonly Member[]
  readonly rendered: Rendered
  readonly look: () => Promise<SwitchFacts>
  /** Holds one connection to the member's server, and looks where it is seen. */
  readonly hold: (member: Member) => Promise<Held>
}

/** A connection has room for eight channels; others need some of them. */
const holdsAtOnce = 4

export async function preflightNginx(options: NginxPreflight): Promise<readonly Finding[]> {
  const { machine, members, rendered, look, hold } = options
  const facts = await attempt(machine.name, look)
  if ('weight' in facts) return [facts]
  const ofSwitch = switchFindings(facts, rendered).map((finding) => ({ ...finding, host: machine.name }))
  if (facts.lacks.includes('holding')) return ofSwitch
  const ofMembers: Finding[] = []
  for (let index = 0; index < members.length; index += holdsAtOnce) {
    const some = members.slice(index, index + holdsAtOnce)
    ofMembers.push(...(await Promise.all(some.map((member) => memberFindings(machine, member, hold)))).flat())
  }
  return [...ofSwitch, ...ofMembers]
}

type Found = Omit<Finding, 'host'>

function switchFindings(facts: SwitchFacts, rendered: Rendered): readonly Found[] {
  const { folder, hash } = rendered
  if (facts.lacks.includes('asking')) {
    return [error('nginx cannot be asked: there is neither curl, wget, bash, perl nor python3', 'Install curl.')]
  }
  const findings: Found[] = []
  const state = interpret(facts, rendered)
  if (isTrouble(state)) findings.push(error(state.trouble, state.hint))
  if (facts.lacks.includes('writing')) {
    findings.push(
      error(
        `${folder} and its journal cannot be written to`,
        `Give them to the user who deploys: chown -R <user> ${folder}`,
      ),
    )
  }
  if (!isTrouble(state) && facts.live !== hash) {
    const hint =
      'Run `zdr-deploy <environment> setup` once more: it looks whether the site passes requests on by the switch.'
    findings.push(error('the pools are there, but nobody has seen the site use them', hint))
  }
  if (facts.oldWorkers.length > 0) {
    const text = `nginx workers from before setup still serve old connections, and know no switch: ${facts.oldWorkers.join(', ')}`
    findings.push(
      error(text, 'Wait until they are gone, or end them: `nginx` ends them by itself with worker_shutdown_timeout.'),
    )
  }
  if (facts.lacks.includes('holding')) {
    findings.push(error('no connection can be held open: there is neither bash, perl nor python3', 'Install bash.'))
  }
  return findings
}

/** An app that does not run yet has nothing to drain: `drained` looks again when it comes to it. */
async function memberFindings(
  machine: Host,
  member: Member,
  hold: (member: Member) => Promise<Held>,
): Promise<readonly Finding[]> {
  const held = await attempt(member.host.name, () => hold(member))
  if ('weight' in held) return [held]
  if (held.type !== 'unseen') return []
  const text = `from ${machine.name} to ${member.server}: ${held.why}`
  const hint =
    'Without it nobody can tell when the last request has ended. See that the balancer reaches the port, and that there is `ss` (iproute2).'
  return [{ weight: 'error', host: member.host.name, text, hint }]
}

async function attempt<T>(host: string, ask: () => Promise<T>): Promise<T | Finding> {
  try {
    return await ask()
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause
    const { message, hint } = cause
    return { weight: 'error', host, text: message, ...(hint === undefined ? {} : { hint }) }
  }
}

function error(text: string, hint: string): Found {
  return { weight: 'error', text, hint }
}
