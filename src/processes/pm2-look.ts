/** What pm2 runs on a host, and what an app's ecosystem files say: one remote run of templates/pm2/look.cjs. */
import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { UserError } from '../errors.ts'
import type { Host } from '../hosts/host.ts'
import { layout } from '../hosts/layout.ts'
import type { Limit } from '../hosts/limits.ts'
import { lateText } from '../hosts/run-script.ts'
import { exports, quote } from '../hosts/shell.ts'
import { isEcosystemFile, type Pm2Call, pm2Calls } from './pm2-commands.ts'
import type { Activation } from './processes.ts'

/** One entry of pm2's list. Times in milliseconds. */
export interface Listed {
  readonly name: string
  readonly pid: number
  /** pm2's own word. */
  readonly status: string
  readonly mode: string
  readonly cwd: string | null
  readonly script: string | null
  readonly toldCwd: string | null
  readonly toldScript: string | null
  /** How long after pm2 was last told to start it, it was started; null where pm2 gave up. */
  readonly startedLateMs: number | null
  /** How long ago it was started last. */
  readonly upMs: number
  readonly killTimeoutMs: number
  /** pm2 waits for its word; null: not known. */
  readonly waitReady: boolean | null
  readonly unstableRestarts: number
  /** It is meant to end, or not to start. */
  readonly restsByDesign: boolean
  readonly logs: { readonly out: LogFile | null; readonly error: LogFile | null }
  /** A child of the daemon that is not in its list. */
  readonly forgotten?: boolean
  /** Its folder or script is below the app's path. */
  readonly inBase: boolean
}

export interface LogFile {
  readonly file: string
  readonly ageMs: number
}

/** One app of an ecosystem file. */
export interface EcosystemApp {
  readonly name: string
  readonly suffixedByEnv: boolean
  /** Absolute; null: where pm2 is called. */
  readonly cwd: string | null
  /** Where pm2 starts it for the first time. */
  readonly inCluster: boolean
  readonly restsByDesign: boolean
}

/** A call of the activation, with the ecosystem file that it means and what that says. */
export interface CallOnHost {
  readonly call: Pm2Call
  /** Real, absolute: where the call is made. null: only the shell knows. */
  readonly directory: string | null
  readonly apps: readonly EcosystemApp[] | null
  /** The ecosystem file, as seen from `directory`. */
  readonly file: string | null
}

export interface Look {
  readonly processes: readonly Listed[]
  readonly calls: readonly CallOnHost[]
}

interface Printed {
  readonly processes: readonly Listed[]
  readonly files: readonly (readonly EcosystemApp[] | null)[]
}

const mark = 'zdr-pm2:'
/** Looked for, in this order, where a call names an app and no file. */
const usualFiles = [
  'ecosystem.config.js',
  'ecosystem.config.cjs',
  'ecosystem.config.mjs',
  'ecosystem.json',
  'ecosystem.yml',
  'ecosystem.yaml',
]

/** Starts nothing, not even pm2's daemon. Rejects with UserError `host-command`; what pm2 printed is not shown, for it holds secrets. */
export async function look(
  host: Host,
  { path, limit }: { readonly path: string; readonly limit: Limit },
  activation: Activation | undefined,
): Promise<Look> {
  const wanted = activation === undefined ? [] : pm2Calls(activation.commands).map((call) => filesOf(call, activation))
  const request = { path, files: wanted.flatMap(({ files }) => files) }
  const result = await host.run(lookScript(request, activation), limit)
  const line = result.stdout.split('\n').findLast((text) => text.startsWith(mark))
  if (result.code !== 0 || line === undefined) {
    throw new UserError('host-command', `${host.name}: pm2 did not say what it runs${lateText(result, limit)}`, {
      output: result.stderr,
    })
  }
  const printed = JSON.parse(line.slice(mark.length)) as Printed
  const found = new Map(request.files.map((file, index) => [file, printed.files[index] ?? null]))
  const calls = wanted.map(({ call, directory, files }): CallOnHost => {
    const file = files.find((one) => found.get(one) !== null)
    const apps = file === undefined ? null : (found.get(file) ?? null)
    return {
      call,
      directory,
      apps,
      file: file === undefined || directory === null ? null : posix.relative(directory, file.file),
    }
  })
  return { processes: printed.processes, calls }
}

/** The names of the apps that a call starts or reloads; [] where that cannot be told. */
export function namesOf({ call, apps }: CallOnHost): readonly string[] {
  const target = call.target?.value ?? null
  if (target === null || isEcosystemFile(target)) {
    const names = (apps ?? []).filter((app) => !app.restsByDesign).map((app) => appName(app, call))
    return call.only === null ? names : names.filter((name) => call.only?.includes(name))
  }
  if (call.verb.value === 'start') return [call.name ?? posix.parse(target).name]
  return target === 'all' || /^\d+$|^\/.*\/$|\$/.test(target) ? [] : [target]
}

export function appName(app: EcosystemApp, call: Pm2Call): string {
  return app.suffixedByEnv && call.env !== null ? `${app.name}-${call.env}` : app.name
}

interface WantedFile {
  readonly file: string
  readonly directory: string
}

function filesOf(call: Pm2Call, activation: Activation) {
  const directory = call.directory === null ? null : posix.join(activation.directory, call.directory)
  const target = call.target?.value ?? null
  const named = target !== null && isEcosystemFile(target) ? [target] : usualFiles
  const files: readonly WantedFile[] =
    directory === null ? [] : named.map((file) => ({ directory, file: posix.resolve(directory, file) }))
  return { call, directory, files }
}

function lookScript(request: object, activation: Activation | undefined): string {
  const env = activation && { ...activation.env, SHARED: layout(posix.dirname(activation.current)).shared }
  return `cd "$HOME" || exit\n${exports(env ?? {})}node -e ${quote(source())} -- ${quote(JSON.stringify(request))} </dev/null\n`
}

function source(): string {
  return readFileSync(new URL('../../templates/pm2/look.cjs', import.meta.url), 'utf8')
}
