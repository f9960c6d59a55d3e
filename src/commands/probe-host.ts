/** What a host is like, as far as a deploy there depends on it. Changes nothing. */
import type { Finding } from '../balancers/balancer.ts'
import type { EnvironmentConfig } from '../config/types.ts'
import type { Machine } from '../engine/fleet.ts'
import { layout } from '../hosts/layout.ts'
import { twice } from '../hosts/limits.ts'
import { type Probe, parseProbe, probeScript } from '../hosts/probe.ts'
import { reconnecting } from '../hosts/reconnect.ts'
import { runScript } from '../hosts/run-script.ts'
import { exports } from '../hosts/shell.ts'
import { shellDepot } from '../hosts/shell-depot.ts'
import { within } from '../hosts/within.ts'
import type { Connected } from './connect.ts'

const bytesPerMiB = 1024 * 1024
/** For the lock, the journal and the steps, without which nothing can be removed either. What a release needs is judged by `room`. */
const freeBytesMin = bytesPerMiB

export interface Probed {
  readonly machine: Machine
  readonly probe: Probe
  readonly findings: readonly Finding[]
}

/** Going back needs no git, and no more room than what is kept for it beside the lock: a full disk is a reason for it. */
export async function probeHost(
  { path, split, timeouts }: EnvironmentConfig,
  { config, host }: Connected,
  isGoingBack: boolean,
): Promise<Probed> {
  const tools = [...(isGoingBack ? [] : ['git']), ...(split.manager === 'pm2' ? ['node', 'pm2'] : [])]
  const { stdout } = await runScript(host, probeScript({ path, tools, preamble: '' }), {
    what: `${config.name} could not be looked at`,
    // Several shells read their start-up files.
    ...twice(timeouts.step),
  })
  const found = parseProbe(stdout)
  const withPath = found.path === null ? host : within(host, exports({ PATH: found.path.path }))
  const at = layout(found.base)
  // What changes something goes on by itself where the connection is lost: it must not be begun again.
  const looking = reconnecting(withPath)
  const asked = shellDepot(looking, at, timeouts)
  const depot = {
    ...shellDepot(withPath, at, timeouts),
    inspect: () => asked.inspect(),
    measure: () => asked.measure(),
  }
  return {
    machine: { name: config.name, host: looking, layout: at, depot },
    probe: found,
    findings: judge(config.name, found, isGoingBack),
  }
}

function judge(host: string, probe: Probe, isGoingBack: boolean): readonly Finding[] {
  const { user, nearest } = probe
  const room = isGoingBack ? 'warning' : 'error'
  const found = (weight: Finding['weight'], text: string, hint: string): Finding => ({ weight, host, text, hint })
  return [
    ...(probe.path === null
      ? [found('error', missingText(probe), 'Install what is missing, or put it on the PATH of that user.')]
      : []),
    ...(probe.writable
      ? []
      : [
          found(
            'error',
            `${user} may not write to ${nearest}, where ${probe.base} is to be`,
            `Run there, as root: mkdir -p ${probe.base} && chown ${user} ${probe.base}`,
          ),
        ]),
    ...(probe.freeBytes !== null && probe.freeBytes < freeBytesMin
      ? [
          found(
            room,
            `less than 1 MiB is free in ${nearest}`,
            'Make room: a release that fills the disk takes the running app along.',
          ),
        ]
      : []),
    ...(probe.inodesLeft
      ? []
      : [
          found(
            room,
            `the filesystem of ${nearest} has no inode left`,
            'Remove files there: many small ones, most often.',
          ),
        ]),
  ]
}

function missingText({ user, tried }: Probe): string {
  const lines = tried.map(({ from, path, missing }) => `${from} (${path}): no ${missing.join(', no ')}`)
  return `not every tool was found on one PATH of ${user}:\n  ${lines.join('\n  ')}`
}
