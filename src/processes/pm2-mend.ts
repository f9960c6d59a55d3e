/** pm2 keeps the folder, the script and the mode of an app's first start for ever. Finds the apps that a reload would leave behind. Pure. */
import { posix } from 'node:path'
import { UserError } from '../errors.ts'
import { isEcosystemFile, type Mend, type Start } from './pm2-commands.ts'
import { appName, type CallOnHost, type EcosystemApp, namesOf } from './pm2-look.ts'
import type { Activation, Process } from './processes.ts'

export function isPinned(processes: readonly Process[], activation: Activation): boolean {
  return processes.some((process) => isOnePinned(process, activation))
}

export interface Known {
  readonly processes: readonly Process[]
  /** Names of apps that pm2 is starting again and again. */
  readonly crashing: ReadonlySet<string>
}

/**
 * The calls that must start apps instead of reloading them: those unknown to pm2 as well, so that they are started by
 * the link at once, and those that are crashing.
 */
export function findMends(
  { processes, crashing }: Known,
  calls: readonly CallOnHost[],
  activation: Activation,
): readonly Mend[] {
  const knownAs = (name: string) => processes.filter((process) => process.name === name)
  return calls.flatMap((onHost): readonly Mend[] => {
    const behind = (name: string): boolean => {
      const known = knownAs(name)
      if (known.length === 0 || crashing.has(name) || isPinned(known, activation)) return true
      return isLeftInFork(known, appOf(onHost, name))
    }
    const names = namesOf(onHost)
    const starting = names.filter(behind)
    if (starting.length === 0) return []
    const target = startTarget(onHost, starting, activation)
    if (target !== null) {
      const others = names.filter((name) => !behind(name))
      return [{ call: onHost.call, target, starts: groupByFolder(onHost, starting, activation), others }]
    }
    const pinned = starting.filter((name) => isPinned(knownAs(name), activation))
    if (pinned.length === 0) return []
    if (pinned.every((name) => calls.some((other) => canStart(other, name, activation)))) {
      return [{ call: onHost.call, target: null, starts: [{ names: pinned, cwd: null }], others: [] }]
    }
    throw new UserError(
      'host-command',
      `pm2 keeps ${pinned.join(', ')} on an older release, and nothing here says how to start it`,
      {
        hint: `Reload it by an ecosystem file, or start it once by its path through ${activation.current}.`,
      },
    )
  })
}

/** A reload would be a restart as well, so a start costs nothing. The other way round it would: such a one stays in cluster mode. */
function isLeftInFork(known: readonly Process[], app: EcosystemApp | undefined): boolean {
  return app?.inCluster === true && known.every(({ mode }) => mode === 'fork')
}

function appOf({ call, apps }: Pick<CallOnHost, 'call' | 'apps'>, name: string): EcosystemApp | undefined {
  return apps?.find((one) => appName(one, call) === name)
}

function isOnePinned({ told }: Process, { current, directory }: Activation): boolean {
  if (told === undefined) return false
  const realBase = posix.dirname(posix.dirname(directory))
  const bases = [posix.dirname(current), realBase]
  const leads = (place: string): boolean =>
    [current, `${realBase}/current`, directory].some((root) => isInside(place, root))
  const places = [told.cwd, told.script]
  // A script outside (npm, or another interpreter's) is the same for every release; but something must lead here.
  return !places.some(leads) || places.some((place) => bases.some((base) => isInside(place, base)) && !leads(place))
}

/** An ecosystem file that has the apps, else the script that the call starts; null: only a name is known. */
function startTarget(
  { call, apps, file }: CallOnHost,
  names: readonly string[],
  { current }: Activation,
): string | null {
  const target = call.target?.value ?? null
  if (file !== null && names.every((name) => appOf({ call, apps }, name) !== undefined)) {
    return target !== null && isEcosystemFile(target) ? target : file
  }
  if (target === null || call.verb.value !== 'start' || call.directory === null) return null
  return /[./]/.test(target) ? posix.resolve(current, call.directory, target) : target
}

function canStart(onHost: CallOnHost, name: string, activation: Activation): boolean {
  return namesOf(onHost).includes(name) && startTarget(onHost, [name], activation) !== null
}

function groupByFolder(onHost: CallOnHost, names: readonly string[], activation: Activation): readonly Start[] {
  const folders = names.map((name) => throughLink(appOf(onHost, name)?.cwd ?? onHost.directory, activation))
  return [...new Set(folders)].map((cwd) => ({ cwd, names: names.filter((_, index) => folders[index] === cwd) }))
}

/** The same folder, by the link: what is started there follows it for ever. */
function throughLink(folder: string | null, { current, directory }: Activation): string | null {
  if (folder === null || !isInside(folder, directory)) return null
  return posix.join(current, posix.relative(directory, folder))
}

function isInside(place: string, root: string): boolean {
  return place === root || place.startsWith(`${root}/`)
}
