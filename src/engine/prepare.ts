import { UserError } from '../errors.ts'
import { type Manifest, writeManifestScript } from '../hosts/history.ts'
import type { CommandResult, Host } from '../hosts/host.ts'
import { ensureCommitScript, fetchScript, hasCommitScript, resolveScript } from '../hosts/mirror.ts'
import { commandsScript, layOutScript, setupScript } from '../hosts/release.ts'
import type { HostView } from './inspect.ts'

/** A first clone of a large repository over a slow line. */
const fetchTimeoutMs = 10 * 60_000
/** `npm install` and a build. */
const commandsTimeoutMs = 20 * 60_000
const quickTimeoutMs = 60_000
const outputLinesMax = 30

export interface Source {
  readonly repo: string
  readonly depth: number | null
}

export type OnLine = (line: string, stream: 'stdout' | 'stderr') => void

/** Fetches on one host and says which commit the ref is there. Rejects with UserError `git`. Touches only the mirror. */
export async function resolveRef(
  { machine: { name, layout } }: HostView,
  host: Host,
  { source, ref }: { readonly source: Source; readonly ref: string },
): Promise<string> {
  await run(host, `${setupScript(layout)}`, {
    what: `${name}: the folders could not be made`,
    timeoutMs: quickTimeoutMs,
  })
  await fetch(host, name, { script: fetchScript(layout, source), repo: source.repo })
  const { stdout } = await run(host, resolveScript(layout, ref), {
    what: `the ref ${ref} does not resolve`,
    timeoutMs: quickTimeoutMs,
    code: 'git',
  })
  return stdout.trim()
}

export interface Preparation {
  readonly manifest: Manifest
  readonly source: Source
  /** Done first where no release was ever prepared to its end: `post-setup`. */
  readonly onFirst: readonly string[]
  /** `pre-deploy`, in the release that runs. */
  readonly before: readonly string[]
  readonly onLine: OnLine
}

/** Fetch, lay out, install, build: beside the running app, in a folder of its own. May be repeated; what is prepared already is left alone. */
export async function prepareHost(view: HostView, host: Host, preparation: Preparation): Promise<void> {
  const { machine, inspection } = view
  const { manifest, source, onLine } = preparation
  if (isPrepared(view, manifest.id)) return
  const { name, layout } = machine
  await run(host, setupScript(layout), { what: `${name}: the folders could not be made`, timeoutMs: quickTimeoutMs })
  if (preparation.before.length > 0) {
    const directory = inspection.current.kind === 'none' ? layout.base : layout.current
    await runCommands(host, {
      what: `${name}: pre-deploy failed`,
      script: commandsScript({ directory, commands: preparation.before, env: manifest.env, layout }),
      onLine,
    })
  }
  // The host that resolved the ref has fetched already.
  const { code } = await host.run(hasCommitScript(layout, manifest.sha), { timeoutMs: quickTimeoutMs })
  if (code !== 0) await fetch(host, name, { script: fetchScript(layout, source), repo: source.repo })
  await run(host, ensureCommitScript(layout, manifest.sha), {
    what: `${name} cannot have the commit ${manifest.sha}`,
    timeoutMs: fetchTimeoutMs,
    code: 'git',
  })
  await run(host, layOutScript(layout, manifest), {
    what: `${name}: the release could not be laid out`,
    timeoutMs: fetchTimeoutMs,
  })
  const commands = [...(inspection.manifests.length === 0 ? preparation.onFirst : []), ...manifest.prepare]
  const directory = `${layout.releases}/${manifest.id}`
  if (commands.length > 0)
    await runCommands(host, {
      what: `${name}: install or build failed`,
      script: commandsScript({ directory, commands, env: manifest.env, layout }),
      onLine,
    })
  await run(host, writeManifestScript(layout, manifest), {
    what: `${name}: the release could not be noted`,
    timeoutMs: quickTimeoutMs,
  })
}

export function isPrepared({ inspection }: HostView, id: string): boolean {
  return (
    inspection.releases.includes(id) &&
    inspection.manifests.some((manifest) => manifest.id === id && manifest.state !== 'failed')
  )
}

async function fetch(
  host: Host,
  name: string,
  { script, repo }: { readonly script: string; readonly repo: string },
): Promise<void> {
  await run(host, script, {
    what: `${name} could not fetch ${repo}`,
    timeoutMs: fetchTimeoutMs,
    code: 'git',
    hint: "Does that host's user have access, and know the git server's host key? Try `git ls-remote` there.",
  })
}

async function runCommands(
  host: Host,
  { what, script, onLine }: { readonly what: string; readonly script: string; readonly onLine: OnLine },
): Promise<void> {
  await run(host, script, { what, timeoutMs: commandsTimeoutMs, onLine })
}

interface Doing {
  readonly what: string
  readonly timeoutMs: number
  readonly code?: 'git' | 'host-command'
  readonly hint?: string
  readonly onLine?: OnLine
}

/** Runs a script that must end well. Rejects with a UserError that carries its last lines. */
export async function run(
  host: Host,
  script: string,
  { what, timeoutMs, code, hint, onLine }: Doing,
): Promise<CommandResult> {
  const result = await host.run(script, onLine === undefined ? { timeoutMs } : { timeoutMs, onLine })
  if (result.code === 0) return result
  const how = result.timedOut ? `: not done within ${timeoutMs / 1000} s` : ''
  const output = lastLines(`${result.stdout}\n${result.stderr}`)
  throw new UserError(code ?? 'host-command', `${what}${how}`, { output, ...(hint === undefined ? {} : { hint }) })
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-outputLinesMax).join('\n')
}
