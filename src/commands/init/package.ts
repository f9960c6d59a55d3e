/** What a package.json and the files beside it tell about how an app is installed and started. Guesses: each is shown. */

export interface Manifest {
  readonly name?: unknown
  readonly type?: unknown
  readonly main?: unknown
  readonly scripts?: Readonly<Record<string, unknown>>
}

/** The manifest, and the names of the files in its folder. */
export interface Package {
  readonly manifest: Manifest | null
  readonly files: readonly string[]
}

const usualScripts = ['server.js', 'app.js', 'index.js', 'main.js']
const defaultPort = 3000

/** What installs and builds it, by its lockfile; empty where there is no package.json. */
export function installCommands({ manifest, files }: Package): readonly string[] {
  if (manifest === null) return []
  const { install, run } = managerOf(files)
  return textOf(manifest.scripts?.build) === '' ? [install] : [install, `${run} build`]
}

const lockfiles = 'package-lock.json npm-shrinkwrap.json pnpm-lock.yaml yarn.lock bun.lock bun.lockb'.split(' ')

export function hasLockfile(files: readonly string[]): boolean {
  return lockfiles.some((name) => files.includes(name))
}

function managerOf(files: readonly string[]): { readonly install: string; readonly run: string } {
  const has = (...names: readonly string[]): boolean => names.some((name) => files.includes(name))
  if (has('pnpm-lock.yaml')) return { install: 'pnpm install --frozen-lockfile', run: 'pnpm run' }
  if (has('yarn.lock'))
    return { install: `yarn install ${has('.yarnrc.yml') ? '--immutable' : '--frozen-lockfile'}`, run: 'yarn run' }
  if (has('bun.lock', 'bun.lockb')) return { install: 'bun install --frozen-lockfile', run: 'bun run' }
  return { install: has('package-lock.json', 'npm-shrinkwrap.json') ? 'npm ci' : 'npm install', run: 'npm run' }
}

/** What pm2 is to start: a script, with its arguments; null where nothing tells. */
export function startOf({ manifest, files }: Package): string | null {
  const start = textOf(manifest?.scripts?.start)
  const ofNode = /^(?:[A-Z]\w*=\S* +)*node +([\w./-]+)$/.exec(start)?.[1]
  if (ofNode !== undefined && !ofNode.startsWith('-')) return ofNode
  // Started by itself, and not by npm, it can be a cluster.
  if (/^next start\b/.test(start)) return `node_modules/next/dist/bin/${start}`
  if (start !== '') return 'npm start'
  const main = textOf(manifest?.main)
  return main === '' ? (usualScripts.find((name) => files.includes(name)) ?? null) : main
}

/** The port that these texts name: of the app's script, and of what starts it. */
export function portIn(texts: readonly string[]): number {
  const text = texts.join('\n')
  const patterns = [
    /\bPORT["']?\]?\s*(?:\|\||\?\?)\s*["']?(\d{2,5})\b/,
    /\bPORT=(\d{2,5})\b/,
    /(?:^|\s)(?:-p|--port)[ =](\d{2,5})\b/,
    /\.listen\(\s*(\d{2,5})\b/,
  ]
  const found = patterns.flatMap((pattern) => pattern.exec(text)?.[1] ?? [])[0]
  return found === undefined ? defaultPort : Number(found)
}

/** The path of a health check that the app's script has: `/healthz`; `/` where none is seen. */
export function healthPathIn(text: string): string {
  return /["'`](\/[\w/-]*health[\w-]*)["'`]/.exec(text)?.[1] ?? '/'
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value.trim() : ''
}
