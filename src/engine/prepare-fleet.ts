import { UserError } from '../errors.ts'
import type { Manifest } from '../hosts/history.ts'
import { sparedText } from '../hosts/installs.ts'
import type { HostRoom } from '../rollout/report.ts'
import { everywhere } from './everywhere.ts'
import type { Fleet } from './fleet.ts'
import type { HostView } from './inspect.ts'
import { journaled } from './journal.ts'
import type { FleetLock } from './lock.ts'
import { isPrepared, type Preparation, prepareHost } from './prepare.ts'

export interface Preparing {
  readonly fleet: Fleet
  readonly lock: FleetLock
  readonly by: string
  readonly views: readonly HostView[]
  readonly rooms: readonly HostRoom[]
  readonly preparation: Omit<Preparation, 'limit' | 'onLine'>
}

/** On every host at once, beside the running app. Rejects where one of them fails: then no host is rolled. */
export async function prepareFleet(preparing: Preparing): Promise<void> {
  const { fleet, views, preparation } = preparing
  fleet.report({ type: 'phase', phase: 'prepare' })
  const due = views.filter((view) => !isPrepared(view, preparation.manifest.id))
  const spared: Spared[] = []
  const settled = await everywhere(due, (view) =>
    prepareOne(preparing, view, (text) => spared.push({ host: view.machine.name, text })),
  )
  sayWhatWasSpared(preparing, spared)
  const failed = settled.flatMap((each) => (each.ok ? [] : [each]))
  const [first] = failed
  if (first === undefined) return
  if (first.error.code === 'locked') throw first.error
  const names = failed.map(({ item }) => item.machine.name).join(', ')
  throw new UserError(
    'host-command',
    `The release could not be prepared on ${names}. No host was taken out, and no process was touched by us.`,
    {
      ...(first.error.hint === undefined ? {} : { hint: first.error.hint }),
      cause: first.error,
    },
  )
}

interface Spared {
  readonly host: string
  readonly text: string
}

/** Once for all hosts of which the same is to be told, in their order. */
function sayWhatWasSpared({ fleet, views }: Preparing, spared: readonly Spared[]): void {
  const names = views.map(({ machine }) => machine.name)
  for (const text of new Set(spared.map((each) => each.text))) {
    const hosts = names.filter((name) => spared.some((each) => each.host === name && each.text === text))
    fleet.report({ type: 'note', level: 'info', text: `${hosts.join(', ')}: ${text}` })
  }
}

async function prepareOne(preparing: Preparing, view: HostView, onSpared: (text: string) => void): Promise<void> {
  const { fleet, lock, preparation } = preparing
  const { name } = view.machine
  const onLine = (line: string): void => {
    fleet.report({ type: 'output', host: name, line })
    const text = sparedText(line)
    if (text !== null) onSpared(text)
  }
  await reportStep(fleet, { host: name, step: 'prepare', manifest: preparation.manifest }, async () => {
    const machine = journaled(preparing, await lock.guarded(view.machine))
    await makeRoom(preparing, { ...view, machine })
    await prepareHost(view, machine, { ...preparation, limit: fleet.limits.prepare, onLine })
  })
}

/** What cannot be removed may be in nobody's way: where there is no room, the build says so. */
async function makeRoom({ fleet, rooms }: Preparing, { machine, inspection }: HostView): Promise<void> {
  const host = machine.name
  const first = rooms.find((room) => room.host === host)?.goesFirst ?? []
  if (first.length === 0) return
  try {
    await machine.depot.prune(inspection.releases.filter((id) => !first.includes(id)))
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'host-command') throw error
    fleet.report({ type: 'note', level: 'warning', host, text: error.message })
  }
}

interface Told {
  readonly host: string
  readonly step: 'prepare' | 'migrate'
  readonly manifest: Manifest
}

/** Says when a step beside the rollout begins and how it ends. */
export async function reportStep(
  { report, clock }: Fleet,
  { host, step, manifest }: Told,
  work: () => Promise<void>,
): Promise<void> {
  const common = { type: 'step', hosts: [host], step, release: manifest.id, back: false } as const
  const startedMs = clock.now()
  const tookMs = (): number => clock.now() - startedMs
  report({ ...common, state: 'started' })
  try {
    await work()
    report({ ...common, state: 'done', tookMs: tookMs() })
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const log = error.output === undefined ? {} : { log: error.output }
    report({ ...common, state: 'failed', tookMs: tookMs(), reason: error.message, ...log })
    throw error
  }
}
