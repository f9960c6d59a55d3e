/** Files of which nobody said whether a release shall have them. */
import type { Finding } from '../balancers/balancer.ts'
import type { EnvironmentConfig } from '../config/types.ts'
import type { HostView } from '../engine/inspect.ts'
import { type Entry, isNamed, type Source } from '../hosts/source.ts'

/** Of one folder, more of its files than these are told as the folder. */
const filesMax = 5
const linesMax = 40
/** What builds and programs make anew, as far as its name tells. */
const madeAnew =
  /^(?:.*\/)?(?:dist|build|out|coverage|tmp|logs?|\.next|\.nuxt|\.output|\.svelte-kit|\.cache|\.turbo|\.parcel-cache|\.vite|\.nyc_output|\.eslintcache)(?:\/|$)|\.(?:log|pid|tsbuildinfo)$/

interface Left {
  readonly view: Pick<HostView, 'machine'>
  readonly source: Pick<Source, 'untracked'>
}

/** Hosts with the same list are told once. */
export function unnamedFinding(
  found: readonly Left[],
  { shared, ignore }: Pick<EnvironmentConfig, 'shared' | 'ignore'>,
): readonly Finding[] {
  const lists = new Map<
    string,
    { readonly hosts: string[]; readonly entries: readonly Entry[]; readonly folder: string }
  >()
  for (const { view, source } of found) {
    const left = source.untracked.filter(({ path }) => !isNamed(path, [...shared, ...ignore]))
    const entries = folded(left).toSorted((one, other) => (one.path < other.path ? -1 : 1))
    const key = entries.map(({ path }) => path).join('\n')
    const same = lists.get(key)
    if (same !== undefined) same.hosts.push(view.machine.name)
    else if (entries.length > 0)
      lists.set(key, { hosts: [view.machine.name], entries, folder: view.machine.layout.source })
  }
  return [...lists.values()].map(({ hosts, entries, folder }) => ({
    weight: 'error',
    host: hosts.join(', '),
    text: `in ${folder} lies what the repository does not have, and so no release would:\n${table(entries)}`,
    hint: `Name each under \`shared\`: it is kept in <path>/shared, one for all releases; or under \`ignore\`: releases do without. For example, by their names alone:\n${proposal(entries, { shared, ignore })}`,
  }))
}

/** Deepest first, so that a folder of folders is one line, too. */
function folded(entries: readonly Entry[]): readonly Entry[] {
  const inFolder = new Map<string, Entry[]>()
  for (const entry of entries) {
    const folder = entry.path.replace(/\/$/, '').split('/').slice(0, -1).join('/')
    inFolder.set(folder, [...(inFolder.get(folder) ?? []), entry])
  }
  return [...inFolder].flatMap(([folder, within]) => {
    if (folder === '' || within.length <= filesMax) return within
    const kib = within.reduce<number | null>(
      (sum, each) => (sum === null || each.kib === null ? null : sum + each.kib),
      0,
    )
    return [{ path: `${folder}/`, kib }]
  })
}

function table(entries: readonly Entry[]): string {
  const shown = entries.slice(0, linesMax)
  const width = Math.max(...shown.map(({ path }) => path.length))
  const lines = shown.map(({ path, kib }) => `  ${path.padEnd(width)}  ${kib === null ? '' : sizeText(kib)}`.trimEnd())
  const more = entries.length - shown.length
  return [...lines, ...(more > 0 ? [`  and ${more} more`] : [])].join('\n')
}

const units = ['KiB', 'MiB', 'GiB', 'TiB'] as const

function sizeText(kib: number): string {
  let [size, unit] = [kib, 0]
  while (size >= 1024 && unit < units.length - 1) [size, unit] = [size / 1024, unit + 1]
  return `${size < 10 && unit > 0 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`
}

/** The lines to paste: what is there already stays in them. */
function proposal(entries: readonly Entry[], { shared, ignore }: Pick<EnvironmentConfig, 'shared' | 'ignore'>): string {
  const paths = entries.map(({ path }) => path)
  const lines = [
    { key: 'shared', all: [...shared, ...paths.filter((path) => !madeAnew.test(path))] },
    { key: 'ignore', all: [...ignore, ...paths.filter((path) => madeAnew.test(path))] },
  ]
  return lines
    .filter(({ all }) => all.length > 0)
    .map(({ key, all }) => `  ${key}: [${all.map((path) => `'${path.replaceAll("'", "\\'")}'`).join(', ')}],`)
    .join('\n')
}
