/** `zdr-deploy production setup --undo`: hosts that were taken over are as `pm2 deploy` had them, and it goes on there. */
import type { EnvironmentConfig } from '../config/types.ts'
import { everywhere } from '../engine/everywhere.ts'
import type { Fleet, Machine } from '../engine/fleet.ts'
import { activeManifest, type HostView } from '../engine/inspect.ts'
import type { FleetLock } from '../engine/lock.ts'
import { reportFindings } from '../engine/look.ts'
import { UserError } from '../errors.ts'
import type { Inspection } from '../hosts/inspection.ts'
import { runScript } from '../hosts/run-script.ts'
import { forgetScript, handBackScript } from '../hosts/taking-over.ts'

export interface HandingBack {
  readonly config: EnvironmentConfig
  readonly fleet: Fleet
  readonly lock: FleetLock
  readonly views: readonly HostView[]
}

/** No process is touched: what runs must be what runs then. Rejects with UserError `preflight` where that is not so, on any host. */
export async function handBack(handing: HandingBack): Promise<void> {
  const { fleet, lock, views, config } = handing
  // Those that are left of an earlier one that was cut off.
  const due = views.filter((view) => !isHandedBack(view))
  if (due.length === 0) throw new UserError('preflight', 'Nothing of `pm2 deploy` was taken over on any host.')
  refuseOthers(due, config)
  const handed = await everywhere(due, (view) => handBackHost(handing, view))
  const failed = handed.flatMap((each) => (each.ok ? [] : [each]))
  reportFindings(
    failed.map(({ item, error }) => ({ weight: 'error', host: item.machine.name, text: error.message })),
    fleet.report,
  )
  if (failed[0] !== undefined) throw failed[0].error
  await lock.assertOurs()
  // The lock lies there too, and goes with it.
  for (const { machine } of due)
    await runScript(machine.host, forgetScript(machine.layout), {
      what: `${machine.name}: ${machine.layout.zdr} could not be removed`,
      ...fleet.limits.prune,
    })
}

/** As `pm2 deploy` left it, or had it back. */
export function isHandedBack({
  machine,
  inspection: { current, manifests },
}: Pick<HostView, 'machine' | 'inspection'>): boolean {
  return leadsToSource(machine, current) && !manifests.some(({ takenOver }) => takenOver)
}

/** And not to a release that is a link to it. */
function leadsToSource({ layout }: Machine, current: Inspection['current']): boolean {
  return current.kind === 'other' && current.path === layout.source
}

function refuseOthers(views: readonly HostView[], { environment }: EnvironmentConfig): void {
  const found = views.flatMap((view) => refusal(view) ?? [])
  if (found.length === 0) return
  const release = views.flatMap(({ inspection }) => inspection.manifests).find(({ takenOver }) => takenOver)?.id
  throw new UserError('preflight', `Not every host can be handed back. Nothing was changed.\n${found.join('\n')}`, {
    ...(release === undefined
      ? {}
      : { hint: `Go back to what \`pm2 deploy\` left first: \`zdr-deploy ${environment} rollback ${release}\`.` }),
  })
}

function refusal({ machine, inspection, runs }: HostView): string | null {
  const { name, layout } = machine
  const taken = inspection.manifests.find(({ takenOver }) => takenOver)
  if (taken === undefined)
    return `${name}: nothing of \`pm2 deploy\` was taken over there, so take it out of \`host\` first`
  if (leadsToSource(machine, inspection.current)) return null
  const active = activeManifest(inspection)
  if (active?.id !== taken.id)
    return `${name}: runs ${active?.id ?? 'no release of ours'}, and not what is in ${layout.source}`
  return runs === taken.id ? null : `${name}: is not seen to run ${layout.source} healthily`
}

async function handBackHost({ fleet, lock }: HandingBack, { machine, inspection }: HostView): Promise<void> {
  const { name, layout } = machine
  const { host } = await lock.guarded(machine)
  const { stdout } = await runScript(host, handBackScript(layout), {
    what: `${name}: could not be handed back`,
    ...fleet.limits.prune,
  })
  const say = (level: 'info' | 'warning', text: string): void => fleet.report({ type: 'note', level, host: name, text })
  for (const line of stdout.split('\n')) if (line !== '') say('warning', line)
  const ours = inspection.releases.length - 1
  say(
    'info',
    `${layout.current} leads to ${layout.source}; ${ours} ${ours === 1 ? 'release' : 'releases'} and ${layout.zdr} are removed`,
  )
}
