/** What `init` finds where it stands. Reads only. */
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { configNames } from '../../config/find.ts'
import { readConfig } from '../../config/read.ts'
import { isObject } from '../../config/section.ts'
import { deploySection, type Source } from '../../config/source.ts'
import { folderInRepository, followedBranch, originUrl } from '../local-git.ts'
import {
  hasLockfile,
  healthPathIn,
  installCommands,
  type Manifest,
  type Package,
  portIn,
  startOf,
  textOf,
} from './package.ts'

export interface Surroundings {
  readonly cwd: string
  /** Of the app: letters, digits, `.`, `_` and `-`. */
  readonly name: string
  /** The file that has a `deploy` section; else the first one of pm2's. null: there is neither. */
  readonly source: Source | null
  readonly hasDeploy: boolean
  /** A deploy.yml that says nothing yet. */
  readonly hasYaml: boolean
  readonly isModule: boolean
  readonly repo: string | null
  readonly ref: string
  /** Below the top of the repository, where all commands run; '' at the top, and where there is a `subdir`. */
  readonly folder: string
  /** The app's folder, where the lockfile is at the top; '' where there is none. */
  readonly subdir: string
  readonly install: readonly string[]
  readonly start: string | null
  readonly port: number
  readonly healthPath: string
}

const defaultRef = 'origin/main'
const defaultName = 'app'

/** Rejects with UserError `config` for a configuration that cannot be read. */
export async function lookAround(cwd: string): Promise<Surroundings> {
  const files = await readdir(cwd)
  const found: Package = { manifest: await readManifest(cwd), files }
  const sources = await readSources(cwd, files)
  const withDeploy = sources.find((source) => deploySection(source) !== undefined)
  const source = withDeploy ?? sources.find(({ shown }) => shown !== 'package.json' && !isOurs(shown)) ?? null
  const repo = await originUrl(cwd)
  const below = await folderInRepository(cwd)
  const top = below === '' ? files : await readdir(join(cwd, ...below.split('/').map(() => '..')))
  const isOfTop = below !== '' && !hasLockfile(files) && hasLockfile(top)
  const app = firstApp(source)
  const start = textOf(app.script) || startOf(found)
  const script = await readText(join(cwd, (start ?? '').split(' ')[0] ?? ''))
  return {
    cwd,
    name: nameOf([textOf(app.name), textOf(found.manifest?.name), basename(repo ?? '', '.git'), basename(cwd)]),
    source,
    hasDeploy: withDeploy !== undefined,
    hasYaml: sources.some(({ shown }) => isOurs(shown)),
    isModule: found.manifest?.type === 'module',
    repo,
    ref: (await followedBranch(cwd)) ?? defaultRef,
    folder: isOfTop ? '' : below,
    subdir: isOfTop ? below : '',
    install: installCommands({ ...found, files: isOfTop ? top : files }),
    start,
    port: portOf(app) ?? portIn([script, textOf(found.manifest?.scripts?.start)]),
    healthPath: healthPathIn(script),
  }
}

/** The name that is looked for, and that pm2 knows nothing of. */
function isOurs(shown: string): boolean {
  return /^deploy\.ya?ml$/.test(shown)
}

async function readSources(cwd: string, files: readonly string[]): Promise<readonly Source[]> {
  const names = configNames.filter((name) => files.includes(name))
  return Promise.all(names.map((name) => readConfig(join(cwd, name), cwd)))
}

async function readManifest(cwd: string): Promise<Manifest | null> {
  try {
    const manifest: unknown = JSON.parse(await readText(join(cwd, 'package.json')))
    return isObject(manifest) ? manifest : null
  } catch {
    return null
  }
}

function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '')
}

function firstApp(source: Source | null): Readonly<Record<string, unknown>> {
  const apps = isObject(source?.data) ? source.data.apps : undefined
  const app: unknown = Array.isArray(apps) ? apps[0] : apps
  return isObject(app) ? app : {}
}

/** As pm2 starts it in production. */
function portOf(app: Readonly<Record<string, unknown>>): number | null {
  const envs = [app.env_production, app.env].filter(isObject)
  const port = Number(envs.map((env) => env.PORT).find((value) => value !== undefined))
  return Number.isInteger(port) && port > 0 ? port : null
}

/** `@acme/shop` is `shop`. */
function nameOf(candidates: readonly string[]): string {
  const names = candidates.map((name) =>
    basename(name)
      .replaceAll(/[^\w.-]/g, '-')
      .replace(/^[^a-zA-Z_]+/, ''),
  )
  return names.find((name) => name !== '') ?? defaultName
}
