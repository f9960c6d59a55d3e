/** The disks of the hosts, in `plan`. Hosts that are alike share a line. */
import type { HostRoom } from '../rollout/report.ts'
import { oneLine, type Paint } from './paint.ts'
import { count } from './words.ts'

export function roomLines(rooms: readonly HostRoom[], paint: Paint): readonly string[] {
  if (rooms.length === 0) return []
  const groups = [...new Set(rooms.map(likeness))].map((key) => rooms.filter((room) => likeness(room) === key))
  return [paint('strong', 'On the disks:'), ...groups.flatMap((group) => groupLines(group, paint))]
}

function likeness({ releases, goesFirst, goesAfter, lacks }: HostRoom): string {
  return JSON.stringify([releases, goesFirst, goesAfter, lacks])
}

function groupLines(group: readonly HostRoom[], paint: Paint): readonly string[] {
  const [first] = group
  if (first === undefined) return []
  const { releases, goesFirst, goesAfter, lacks } = first
  const known = (of: (room: HostRoom) => number | null): readonly number[] => group.flatMap((room) => of(room) ?? [])
  const taken = known(({ takenBytes }) => takenBytes)
  const free = known(({ freeBytes }) => freeBytes)
  const need = known(({ needBytes }) => needBytes)
  const facts = [
    releases === 0 ? 'no release yet' : `${count(releases, 'release')}, ${range(taken)}`,
    ...(free.length === 0 ? [] : [`${range(free)} free`]),
    ...(need.length === 0 ? [] : [`a new one takes about ${range(need)}`]),
    ...(lacks === null ? [] : [paint('warning', lacks === 'bytes' ? 'too little room' : 'too few inodes')]),
  ]
  return [
    `  ${oneLine(group.map(({ host }) => host).join(', '))}: ${facts.join('; ')}`,
    ...(goesFirst.length === 0 ? [] : [`    removed before it is prepared: ${goesFirst.join(', ')}`]),
    ...(goesAfter.length === 0 ? [] : [`    removed at the end: ${goesAfter.join(', ')}`]),
  ]
}

/** `512 MiB`, or `29.8 GiB to 30.4 GiB`. */
function range(bytes: readonly number[]): string {
  const both = new Set([sizeText(Math.min(...bytes)), sizeText(Math.max(...bytes))])
  return [...both].join(' to ')
}

const bytesPerMiB = 1024 * 1024

function sizeText(bytes: number): string {
  const mebibytes = bytes / bytesPerMiB
  return mebibytes < 1024 ? `${Math.ceil(mebibytes)} MiB` : `${(mebibytes / 1024).toFixed(1)} GiB`
}
