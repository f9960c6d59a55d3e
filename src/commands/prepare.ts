import { systemClock } from '../engine/clock.ts'
import { everywhere } from '../engine/everywhere.ts'
import type { HostView } from '../engine/inspect.ts'
import { isPrepared, prepareHost } from '../engine/prepare.ts'
import { UserError } from '../errors.ts'
import type { Manifest } from '../hosts/history.ts'
import type { Deploying } from './deploying.ts'
import { runLocally } from './local-hooks.ts'
import type { Look } from './look.ts'

/** On every host at once, beside the running app. Rejects where one of them fails: then no host is rolled. */
export async function prepare(deploying: Deploying, { views }: Look, manifest: Manifest): Promise<void> {
  const { config, context } = deploying
  await runLocally(config.hooks.preDeployLocal, { config, manifest, context })
  context.report({ type: 'phase', phase: 'prepare' })
  const due = views.filter((view) => !isPrepared(view, manifest.id))
  const settled = await everywhere(due, (view) => prepareOne(deploying, view, manifest))
  const failed = settled.flatMap((each) => (each.ok ? [] : [each]))
  const [first] = failed
  if (first === undefined) return
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

async function prepareOne({ config, context, lock }: Deploying, view: HostView, manifest: Manifest): Promise<void> {
  const { report } = context
  const host = view.machine.name
  const common = { type: 'step', hosts: [host], step: 'prepare', release: manifest.id, back: false } as const
  const startedMs = systemClock.now()
  const tookMs = (): number => systemClock.now() - startedMs
  report({ ...common, state: 'started' })
  try {
    const { repo, depth, hooks } = config
    const onLine = (line: string): void => report({ type: 'output', host, line })
    const preparation = { manifest, source: { repo, depth }, onFirst: hooks.postSetup, before: hooks.preDeploy, onLine }
    await prepareHost(view, await lock.guarded(view.machine), preparation)
    report({ ...common, state: 'done', tookMs: tookMs() })
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const log = error.output === undefined ? {} : { log: error.output }
    report({ ...common, state: 'failed', tookMs: tookMs(), reason: error.message, ...log })
    throw error
  }
}
