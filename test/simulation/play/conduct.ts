/** Judges the order in which one deploy goes about it: batches, pauses, soaks, and that the first failure is the last. */
import type { HostName, ReleaseId } from '../../../src/rollout/model.ts'
import type { Report } from '../../../src/rollout/report.ts'
import type { Change } from '../fleet/change.ts'
import { boxOf, type World } from '../fleet/world.ts'
import { migration } from './actor.ts'
import { broken } from './promises.ts'
import type { Act, Story } from './story.ts'
import { toldOf, type Witness } from './witness.ts'

export interface Conduct {
  readonly see: (change: Change) => void
  readonly hear: (report: Report) => void
}

export function createConduct(world: World, { story, act, isAnswer, witness, handMs }: Subject): Conduct {
  const known = knownAtStart(world, story, act.skip)
  /** Hosts that were led to the goal, and when each was put back since. */
  const led = new Set<HostName>()
  const backMs = new Map<HostName, number>()
  const deaths: Death[] = []

  const seeActivated = (host: HostName, release: ReleaseId): void => {
    if (act.skip.includes(host)) throw broken(2, `${host} is to be skipped, and is touched`)
    if (release !== witness.goal) judgeReturn(host)
    if (release !== witness.goal || led.has(host)) return
    if (act.kind === 'deploy' && known.failed.has(release))
      throw broken(7, `${release} failed before, and is used again`)
    const begun = witness.reports.findIndex((report) => isBegun(report, host))
    const ended = witness.reports.findIndex((report) => isFailure(report) || isInterruption(report))
    if (begun === -1) return
    if (ended !== -1 && begun > ended) throw broken(7, `${host} is begun after a failure, or an interruption`)
    const others = [...led].filter((other) => batchOf(story, other) !== batchOf(story, host))
    judgePause(others)
    judgeSoak(host, others)
    led.add(host)
  }

  const judgePause = (others: readonly HostName[]): void => {
    // Whoever answers what was cut off has said yes to where its release stands already.
    const isAnswered = (index: number): boolean =>
      isAnswer && story.batches[index]?.hosts.some((host) => known.stood.get(host) === witness.goal) === true
    const asks = (index: number): boolean =>
      story.batches[index]?.pause === true && index < story.batches.length - 1 && !isAnswered(index)
    const owed = new Set(others.map((other) => batchOf(story, other)).filter(asks))
    const said = witness.reports.filter((report) => report.type === 'answered' && report.answer === 'resume').length
    if (said < owed.size) throw broken(7, `a batch is begun, and nobody said yes after the one before`)
  }

  const judgeSoak = (host: HostName, others: readonly HostName[]): void => {
    const early = others.find(
      (other) => world.time.now() - (backMs.get(other) ?? world.time.now()) < story.times.soakMs,
    )
    if (early !== undefined && backMs.has(early)) throw broken(7, `${host} is begun while ${early} has not soaked`)
    const dead = others.find(diedInSoak)
    if (dead !== undefined) throw broken(7, `${host} is begun, and a process of ${dead} died while it was watched`)
  }

  /** Of those that it met there first; its last question comes after the whole time. */
  const diedInSoak = (host: HostName): boolean => {
    const { soak } = toldOf(witness, host)
    const untilMs = (soak?.beganMs ?? 0) + story.times.soakMs
    return deaths.some(
      (death) => death.host === host && death.atMs < untilMs && soak?.pids?.includes(death.pid) === true,
    )
  }

  /** With `on-failure: stop`, only who failed itself, or fell ill, goes back. */
  const judgeReturn = (host: HostName): void => {
    const sinceMs = backMs.get(host)
    if (story.onFailure === 'rollback' || act.kind === 'rollback' || !led.has(host) || sinceMs === undefined) return
    const hasFailed = witness.reports.some(
      (report) => isFailure(report) && report.type === 'step' && report.hosts.includes(host),
    )
    if (hasFailed || toldOf(witness, host).illMs >= sinceMs) return
    throw broken(7, `${host} goes back, and on-failure says stop`)
  }

  /** Whoever is left out by hand stays out, so that the last of the others could never be taken out. */
  const judgePrepared = (host: HostName): void => {
    const isWell = (each: HostName): boolean => toldOf(witness, each).wellMs > toldOf(witness, each).illMs
    if (known.staying.length - 1 >= story.minServing || !known.staying.some(isWell)) return
    throw broken(7, `a release is prepared on ${host}, and the rollout could never come to its end`)
  }

  /** Done is only what the balancer itself says. */
  const judgePublished = (step: 'take-out' | 'put-back', hosts: readonly HostName[]): void => {
    const isLeftOut = step === 'take-out'
    const wrong = hosts.find((host) => world.balancers.some(({ out }) => out.includes(host) !== isLeftOut))
    if (wrong === undefined || handMs(witness) >= witness.lookMs) return
    throw broken(7, `${step} of ${wrong} is said to be done, and is not`)
  }

  return {
    hear: (report) => {
      if (report.type !== 'step' || report.state !== 'done') return
      if (report.step === 'take-out' || report.step === 'put-back') judgePublished(report.step, report.hosts)
    },
    see: (change) => {
      if (change.type === 'ended') deaths.push({ host: change.host, pid: change.pid, atMs: world.time.now() })
      if (change.who.kind !== 'deploy' || change.who.deployer !== witness.name) return
      if (change.type === 'activated') seeActivated(change.host, change.release)
      if (change.type === 'out')
        for (const host of change.before) if (!change.out.includes(host)) backMs.set(host, world.time.now())
      if (change.type === 'laid-out' && act.kind === 'deploy') judgePrepared(change.host)
      if (change.type === 'ran' && change.command === migration) judgeMigration(change.host)
    },
  }

  function judgeMigration(host: HostName): void {
    const sha = act.kind === 'deploy' ? boxOf(world, host).disk.releases.get(witness.goal ?? '')?.sha : undefined
    if (sha !== undefined && known.migrated.has(sha))
      throw broken(7, `the migration of ${sha.slice(0, 7)} is run again on ${host}`)
    if (act.kind === 'rollback') throw broken(7, 'a rollback runs a migration')
    if (led.size > 0) throw broken(7, `the migration is run on ${host} after the first batch was begun`)
  }
}

interface Death {
  readonly host: HostName
  readonly pid: number
  readonly atMs: number
}

/** What whoever looks when it begins finds on the hosts that take part. */
interface Known {
  readonly failed: ReadonlySet<ReleaseId>
  /** Commits. */
  readonly migrated: ReadonlySet<string>
  /** All that may ever serve: who is left out by hand stays out. None where a rollout takes nobody out. */
  readonly staying: readonly HostName[]
  /** Where `current` leads. */
  readonly stood: ReadonlyMap<HostName, ReleaseId>
}

function knownAtStart(world: World, { hosts, balancers }: Story, skip: readonly HostName[]): Known {
  const boxes = hosts.filter((host) => !skip.includes(host)).map((host) => boxOf(world, host))
  const manifests = boxes.flatMap(({ disk }) => [...disk.manifests.values()])
  const migrations = boxes.flatMap(({ disk }) => disk.migrations)
  const isByHand = (host: HostName): boolean =>
    world.balancers.some(({ out, ours }) => out.includes(host) && !ours.includes(host))
  const hasRotation = balancers > 0 && boxes.length > 1
  return {
    failed: new Set(manifests.filter(({ state }) => state === 'failed').map(({ id }) => id)),
    migrated: new Set(migrations.filter(({ state }) => state === 'done').map(({ sha }) => sha)),
    stood: new Map(
      boxes.flatMap(({ name, disk: { current } }) => (current.kind === 'release' ? [[name, current.id] as const] : [])),
    ),
    staying: hasRotation ? boxes.map(({ name }) => name).filter((host) => !isByHand(host)) : [],
  }
}

interface Subject {
  readonly story: Story
  readonly act: Act
  /** To a deploy that was cut off. */
  readonly isAnswer: boolean
  readonly witness: Witness
  /** When another hand changed who is in rotation. */
  readonly handMs: (witness: Witness) => number
}

function isFailure(report: Report): boolean {
  return report.type === 'step' && report.state === 'failed' && report.step !== 'prepare' && report.step !== 'migrate'
}

function isInterruption(report: Report): boolean {
  return report.type === 'note' && report.text.startsWith('interrupted: no new')
}

/** Without a balancer, nothing is taken out. */
function isBegun(report: Report, host: HostName): boolean {
  const isFirst = report.type === 'step' && (report.step === 'take-out' || report.step === 'activate')
  return isFirst && report.state === 'started' && !report.back && report.hosts.includes(host)
}

function batchOf({ batches }: Story, host: HostName): number {
  return batches.findIndex(({ hosts }) => hosts.includes(host))
}
