/** What a host remembers: a manifest for each release, and the history of what was deployed. */
import type { Layout } from './layout.ts'
import { quote } from './shell.ts'

export interface Manifest {
  readonly id: string
  /** Full. */
  readonly sha: string
  /** As the user asked for it. */
  readonly ref: string
  readonly state: 'prepared' | 'activated' | 'verified' | 'failed'
  /** ISO 8601, UTC: when it was prepared. */
  readonly at: string
  readonly activatedAt?: string
  /** When it was verified on this host last; kept when it is activated again. */
  readonly verifiedAt?: string
  /** `ada@laptop`: who deployed then. */
  readonly verifiedBy?: string
  /** Why it failed. */
  readonly reason?: string
  readonly prepare: readonly string[]
  /** The commands and environment that it is activated with, whatever the configuration says later. */
  readonly activate: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly environment: string
  readonly manager: 'pm2' | 'command'
  /** An install goes before `prepare`, by the lockfile that it has. */
  readonly byLockfile?: true
  /** It is `source`, as `pm2 deploy` left it: its folder is a link to that, and no other release is made of it. */
  readonly takenOver?: true
  /** What is linked into it from `shared`; a folder ends with `/`. Absent: nothing. */
  readonly shared?: readonly string[]
  /** The SHA-256 of each of those that was brought from the deployer's disk. */
  readonly uploads?: Readonly<Record<string, string>>
}

/** Written only when every host was verified on the release, but for one that was skipped by name. */
export interface HistoryEntry {
  readonly at: string
  readonly release: string
  readonly sha: string
  readonly kind: 'deploy' | 'rollback'
  readonly by: string
}

/** `migrate` of a commit: begun, and how it ended. One that was begun and has no end was cut off. */
export interface MigrationEntry {
  /** ISO 8601, UTC. */
  readonly at: string
  /** The attempt: its entries share it. */
  readonly run: string
  readonly sha: string
  readonly command: string
  readonly state: 'started' | 'done' | 'failed'
  readonly by: string
}

/** Writes or replaces a manifest as a whole: a reader sees the old one or the new one. Only its owner may read it, for the env. */
export function writeManifestScript(layout: Layout, manifest: Manifest): string {
  const file = `${layout.manifests}/${manifest.id}.json`
  return `set -eu
${durable}umask 077
file=${quote(file)}
printf '%s\\n' ${quote(JSON.stringify(manifest))} > "$file.new"
durable "$file.new"
mv -f "$file.new" "$file"
durable ${quote(layout.manifests)}
`
}

/** Repeating it adds nothing. What `pm2 deploy` keeps of it, where it was used there, is kept up: its scripts go on reading it. */
export function appendHistoryScript(layout: Layout, entry: HistoryEntry): string {
  const deploys = quote(layout.deploys)
  return `if [ -f ${deploys} ] && [ "$(tail -n 1 ${deploys})" != ${quote(entry.sha)} ]; then
  [ -z "$(tail -c 1 ${deploys})" ] || echo >> ${deploys}
  echo ${quote(entry.sha)} >> ${deploys} || exit
fi
${appendScript(layout.history, JSON.stringify(entry))}`
}

/** Repeating it adds nothing. */
export function appendMigrationScript(layout: Layout, entry: MigrationEntry): string {
  return appendScript(layout.migrations, JSON.stringify(entry))
}

/** Appends one line, unless it stands there last. A line that a crash tore is closed first, so that it harms no other. */
export function appendScript(file: string, line: string): string {
  return `set -eu
${durable}umask 077
file=${quote(file)}
line=${quote(line)}
if [ -s "$file" ]; then
  [ "$(tail -n 1 "$file")" = "$line" ] && exit 0
  [ -z "$(tail -c 1 "$file")" ] || printf '\\n' >> "$file"
fi
printf '%s\\n' "$line" >> "$file"
durable "$file"
`
}

/** The release that was deployed before `present`; null where there is none. */
export function previousDeployed(history: readonly HistoryEntry[], present: string | null): string | null {
  return deployedBefore(history, present)[0]?.release ?? null
}

/**
 * What was deployed before `present`, newest first, each as it was deployed last. The history is a stack: a deploy puts
 * its release on top, a rollback takes off what lies above the release it went back to, so a second rollback goes
 * further back instead of forth again. A `present` that was never deployed (null too) lies above the stack.
 */
export function deployedBefore(history: readonly HistoryEntry[], present: string | null): readonly HistoryEntry[] {
  const stack = history.reduce<readonly HistoryEntry[]>(follow, [])
  const index = present === null ? -1 : stack.findLastIndex(({ release }) => release === present)
  return stack.slice(0, index === -1 ? stack.length : index).toReversed()
}

function follow(stack: readonly HistoryEntry[], entry: HistoryEntry): readonly HistoryEntry[] {
  const { kind, release } = entry
  const index = stack.findLastIndex((each) => each.release === release)
  const isThere = index !== -1 && (kind === 'rollback' || index === stack.length - 1)
  return isThere ? [...stack.slice(0, index), entry] : [...stack, entry]
}

/** GNU's sync takes a file; others only know how to write everything. */
const durable = `durable() { sync "$1" 2>/dev/null || sync; }\n`
