/** Fetch, lay out, install, build, on an imagined host. Each takes its time. */
import { UserError } from '../../../src/errors.ts'
import type { Commands } from '../../../src/hosts/depot.ts'
import type { Sharing } from '../../../src/hosts/sharing.ts'
import type { ReleaseId } from '../../../src/rollout/model.ts'
import { currentDirectory } from './app.ts'
import { noRoom } from './disk.ts'
import type { Work } from './errand.ts'
import { type Box, between, type Disk, happen, passed, type World } from './world.ts'

const stepMsMin = 100
const stepMsMax = 3_000
const shortestSha = 4

export async function fetchMirror(world: World, box: Box, { who, isOver }: Work): Promise<void> {
  if (!box.disk.isSetUp) throw noRoom(box)
  await takesItsTime(world)
  if (isOver()) return
  const { refs, commits } = box.disk.mirror
  refs.clear()
  for (const [ref, sha] of world.repository.refs) {
    refs.set(ref, sha)
    commits.add(sha)
  }
  happen(world, who, { type: 'fetched', host: box.name })
}

export function resolveRef({ refs, commits }: Disk['mirror'], ref: string): string {
  const bare = ref.replace(/^refs\/remotes\/origin\/|^origin\//, '')
  const named = new Set([refs.get(ref), refs.get(`refs/heads/${bare}`), refs.get(`refs/tags/${ref}`)])
  named.delete(undefined)
  const isSha = ref.length >= shortestSha
  const found = named.size > 0 ? [...named] : isSha ? [...commits].filter((sha) => sha.startsWith(ref)) : []
  const [sha, other] = found
  if (sha === undefined) throw new UserError('git', `${ref} is no branch, tag or commit of the repository`)
  if (other !== undefined) throw new UserError('git', `${ref} is more than one commit`)
  return sha
}

export async function layOutRelease(
  world: World,
  box: Box,
  { id, sha, who, isHalf, isOver }: Work & { readonly id: ReleaseId; readonly sha: string },
): Promise<void> {
  const { disk, name: host } = box
  if (!disk.isSetUp) throw noRoom(box)
  if (!disk.mirror.commits.has(sha) && !world.repository.commits.has(sha))
    throw new UserError('git', `${host} cannot have the commit ${sha}`)
  disk.mirror.commits.add(sha)
  const isUsed = disk.manifests.has(id) || (disk.current.kind === 'release' && disk.current.id === id)
  if (disk.releases.has(id) && isUsed) {
    if (disk.releases.get(id)?.sha === sha) return
    throw new UserError('host-command', `${host}: ${id} is there, and is not ${sha}`)
  }
  disk.releases.delete(id)
  disk.parts.add(id)
  await takesItsTime(world)
  if (isHalf || isOver()) return happen(world, who, { type: 'laid-out', host, release: id, isWhole: false })
  disk.parts.delete(id)
  disk.releases.set(id, { sha, built: 'no' })
  happen(world, who, { type: 'laid-out', host, release: id, isWhole: true })
}

export function shareInto(
  world: World,
  { disk, name: host }: Box,
  { release, paths, uploads, who }: Sharing & Pick<Work, 'who'> & { readonly release: ReleaseId },
): void {
  if (!disk.releases.has(release)) throw new UserError('host-command', `${host}: there is no release ${release}`)
  const brought = uploads.map(({ to }) => to)
  const lacking = paths.find((path) => !path.endsWith('/') && !brought.includes(path) && !disk.shared.has(path))
  if (lacking !== undefined) throw new UserError('host-command', `${host}: ${lacking} is not there`)
  happen(world, who, { type: 'shared', host, release })
}

export interface Ordered extends Work, Commands {
  readonly what: string
  readonly hear: (line: string) => void
}

export async function runCommands(world: World, box: Box, ordered: Ordered): Promise<void> {
  const { who, what, directory, commands, isHalf, isOver, hear } = ordered
  const id = releaseIn(world, box, directory)
  const release = box.disk.releases.get(id ?? '')
  if (directory !== null && release === undefined && directory !== world.layout.base)
    throw new UserError('host-command', `${box.name}: ${what}`, { output: `cd: ${directory}: no such folder` })
  const commit = world.repository.commits.get(release?.sha ?? '')
  const isBuilt = release?.built === 'whole'
  if (release !== undefined && directory !== world.layout.current && !isBuilt) release.built = 'half'
  for (const [index, command] of commands.entries()) {
    const [tool, word = ''] = command.split(' ')
    if (tool === 'echo') hear(word)
    await (tool === 'sleep' ? sleeps(world, { seconds: Number(word), isOver }) : takesItsTime(world))
    const ended = endOf(ordered, { index, isBad: command === 'false' || commit?.failing.includes(command) === true })
    happen(world, who, { type: 'ran', host: box.name, command, release: id, ended })
    if (ended === 'badly')
      throw new UserError('host-command', `${box.name}: ${what}`, { output: `${command}: ended badly` })
    if (ended === 'cut off') return
  }
  if (release !== undefined && directory !== world.layout.current && !isHalf) release.built = 'whole'
}

/** Half of them, or of the only one. */
function endOf(
  { isHalf, isOver, commands }: Ordered,
  { index, isBad }: { readonly index: number; readonly isBad: boolean },
): 'well' | 'badly' | 'cut off' {
  if (isOver() || (isHalf && index >= Math.floor(commands.length / 2))) return 'cut off'
  return isBad ? 'badly' : 'well'
}

function releaseIn(world: World, box: Box, directory: string | null): ReleaseId | null {
  const real = directory === world.layout.current ? currentDirectory(world, box) : directory
  return real?.startsWith(`${world.layout.releases}/`) === true ? real.slice(world.layout.releases.length + 1) : null
}

function takesItsTime(world: World): Promise<void> {
  return passed(world, between(world, stepMsMin, stepMsMax))
}

async function sleeps(
  world: World,
  { seconds, isOver }: { readonly seconds: number; readonly isOver: () => boolean },
): Promise<void> {
  const untilMs = world.time.now() + seconds * 1_000
  while (world.time.now() < untilMs && !isOver()) await passed(world, stepMsMin)
}
