/** What a deploy said of each host in its end, held against what was so. */
import type { HostOutcome } from '../../src/rollout/model.ts'
import type { Report } from '../../src/rollout/report.ts'
import type { Scene } from './case.ts'

/** By what a deploy calls them: hosts by address, releases by commit. */
export interface Standing {
  readonly address: string
  readonly name: string
  /** The version that answers there, `nothing`, or `off`. */
  readonly runs: string
  /** The balancer's switch leaves it out. */
  readonly isOut: boolean
}

/** Name of a release by its whole commit. */
export type Commits = Readonly<Record<string, string>>

export function untrueClaims(
  events: readonly Report[],
  {
    code,
    hosts,
    commits,
    ran,
  }: Pick<Scene, 'ran'> & {
    readonly code: number | null
    readonly hosts: readonly Standing[]
    readonly commits: Commits
  },
): readonly string[] {
  const finished = events.findLast((event) => event.type === 'finished')
  if (finished !== undefined) {
    const nameOf = (release: string): string =>
      Object.entries(commits).find(([sha]) => sha.startsWith(release.slice(release.lastIndexOf('-') + 1)))?.[1] ??
      release
    return hosts.flatMap((host) => {
      const said = finished.outcome.hosts.find((each) => each.host === host.address)
      return said === undefined ? [`the deploy does not say where ${host.name} is`] : untruthsOf(said, host, nameOf)
    })
  }
  if (code !== INTERRUPTED) return []
  return hosts
    .filter(({ runs, isOut }) => isOut || (runs !== ran && runs !== 'off'))
    .map((host) => `it was interrupted before anything was changed, by its exit code, and ${textOf(host)}`)
}

const INTERRUPTED = 130

/** That a host is `unknown`, or `not serving`, claims nothing of what runs there. One that lost its power says nothing against it. */
function untruthsOf(
  { state, release }: HostOutcome,
  host: Standing,
  nameOf: (release: string) => string,
): readonly string[] {
  const isLeftOut = state === 'lost' || state === 'out by hand'
  const isUp = state === 'serving' || state === 'out by hand'
  const asked = release === null ? null : nameOf(release)
  const isSo =
    (!isLeftOut || host.isOut) &&
    (state !== 'serving' || !host.isOut) &&
    (!isUp || host.runs === asked || host.runs === 'off')
  return isSo
    ? []
    : [`the deploy says that ${host.name} is ${state}${asked === null ? '' : ` on ${asked}`}, and ${textOf(host)}`]
}

function textOf({ name, runs, isOut }: Standing): string {
  return `${name} is ${isOut ? 'left out' : 'in'}, and runs ${runs}`
}
