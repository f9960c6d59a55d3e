import { checkCommands } from './check-commands.ts'
import { checkFleet } from './check-fleet.ts'
import { configError, type KeyPath, type Problem } from './problem.ts'
import { isObject, readSection, type Section } from './section.ts'
import { checkShared } from './shared.ts'
import { deploySection, type Source } from './source.ts'
import { checkTimeouts } from './timeouts.ts'
import type { EnvironmentConfig, SshOptions } from './types.ts'
import { missingValues } from './variables.ts'

type Schemas = typeof import('./schema.ts')
type Block = Section<ReturnType<Schemas['environmentShape']>>

export interface CheckOptions {
  readonly cwd: string
  readonly environment: string
  /** Instead of the file's. */
  readonly ref?: string
}

/** What the checks of one environment share. Each adds what it finds wrong to `problems`. */
export interface Check {
  readonly source: Source
  readonly cwd: string
  readonly environment: string
  readonly schemas: Schemas
  readonly raw: Readonly<Record<string, unknown>>
  readonly block: Block
  readonly path: KeyPath
  readonly problems: Problem[]
}

const fastDepth = 5
/** pm2 deploy hands it to an ssh whose own input is a pipe, and which then gives none either. */
const withoutTerminal =
  'needs_tty: commands run without a terminal, as those of pm2 deploy do; where sudo asks for one, `Defaults !requiretty` in sudoers mends that'
const defaultKeepReleases = 5

/** Reads one environment's block and fills in what it does not say. Rejects with one UserError `config` for all problems. */
export async function checkEnvironment(source: Source, options: CheckOptions): Promise<EnvironmentConfig> {
  const { config, problems } = await examineEnvironment(source, options)
  if (problems.length > 0 || config === null) throw configError(problems, source.locate)
  return config
}

/** What a block says, whatever else is wrong with it. */
export interface Examined {
  /** null where no machine could be looked at by it: it names no host, or no path. */
  readonly config: EnvironmentConfig | null
  readonly problems: readonly Problem[]
  /** Those of `config.warnings` that are about a key that is written, not about one that is missing. */
  readonly warnings: readonly string[]
}

/** The same, for whoever goes on with what could be read. */
export async function examineEnvironment(source: Source, { cwd, environment, ref }: CheckOptions): Promise<Examined> {
  const check = await startCheck(source, { cwd, environment, refGiven: ref !== undefined })
  const { block, problems } = check
  const fleet = checkFleet(check)
  const timeouts = checkTimeouts(check)
  const work = await checkCommands(check)
  const sharing = checkShared(check)
  if (work.split.manager === 'command' && check.raw.health === undefined) {
    const text = 'needs `health`: no process manager is known here, so the app is found by the port of its health check'
    problems.push({ path: check.path, text })
  }
  const { repo, path } = block
  const wanted = ref ?? block.ref
  const ofSsh = [...(block.ssh_options?.warnings ?? []), ...(block.needs_tty === true ? [withoutTerminal] : [])]
  const warnings = [...ofSsh, ...work.warnings]
  if (path === undefined || fleet.hosts.length === 0) return { config: null, problems, warnings }
  const config = {
    file: source.shown,
    environment,
    hosts: fleet.hosts,
    ssh: sshOptions(block),
    repo: repo ?? '',
    ref: wanted ?? '',
    path,
    depth: block.fetch === 'fast' ? fastDepth : null,
    env: work.env,
    hooks: work.hooks,
    split: work.split,
    migrate: work.migrate,
    ...sharing,
    health: fleet.health,
    balancer: fleet.balancer,
    rollout: fleet.rollout,
    timeouts,
    keepReleases: block['keep-releases'] ?? defaultKeepReleases,
    warnings: [...ofSsh, ...fleet.warnings, ...work.warnings],
  }
  return { config, problems, warnings }
}

async function startCheck(
  source: Source,
  { cwd, environment, refGiven }: { readonly cwd: string; readonly environment: string; readonly refGiven: boolean },
): Promise<Check> {
  const path = ['deploy', environment]
  const problems: Problem[] = []
  const schemas = await import('./schema.ts')
  const written = deploySection(source)?.[environment]
  const missing = missingValues(isObject(written) ? written : {}, { source, environment })
  const raw = missing.rest
  problems.push(...missing.problems.map((problem) => ({ ...problem, path: [...path, ...problem.path] })))
  const block = readSection(isObject(written) ? raw : written, schemas.environmentShape(cwd), { path, problems })
  for (const key of ['host', 'ref', 'repo', 'path']) {
    if (isObject(written) && !Object.hasOwn(raw, key) && !(key === 'ref' && refGiven)) {
      problems.push({ path, text: `has no \`${key}\`: pm2 deploy needs it too` })
    }
  }
  return { source, cwd, environment, schemas, raw, block, path, problems }
}

export function sshOptions(block: Pick<Block, 'ssh_options' | 'forward-agent'>): SshOptions {
  const written = block.ssh_options
  return {
    strictHostKeyChecking: written?.strictHostKeyChecking,
    knownHostsFiles: written?.knownHostsFiles ?? [],
    proxyJump: written?.proxyJump ?? null,
    // ssh takes the first mention, and pm2 deploy puts its options before -A.
    forwardAgent: written?.forwardAgent ?? block['forward-agent'],
    identityAgent: written?.identityAgent,
    algorithms: written?.algorithms ?? {},
  }
}
