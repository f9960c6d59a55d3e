import { UserError } from '../errors.ts'
import { checkEnvironment, type Examined, examineEnvironment } from './check.ts'
import { findConfig } from './find.ts'
import { nearest } from './nearest.ts'
import { deploySection, type Source } from './source.ts'
import type { EnvironmentConfig } from './types.ts'

export interface LoadOptions {
  readonly cwd: string
  /** `--config`, relative to `cwd`; without it, the first that is found there. */
  readonly file?: string
  readonly environment: string
  /** What the command line says instead of the file. */
  readonly overrides?: { readonly ref?: string }
}

/**
 * Finds, reads and checks one environment. Rejects with UserError `config` whose message has a line for everything
 * that is wrong with it; `usage` for a `ref` that is empty.
 */
export async function loadEnvironment({ cwd, file, environment, overrides }: LoadOptions): Promise<EnvironmentConfig> {
  const ref = overrides?.ref?.trim()
  if (ref !== undefined && (ref === '' || /^-|\s/.test(ref))) {
    // In CI most often a variable that is not set. Taking the file's ref instead would deploy something else.
    throw new UserError('usage', `--ref ${JSON.stringify(ref)} names no commit`, {
      hint: 'Give a branch, a tag or a SHA.',
    })
  }
  const source = await findConfig({ cwd, ...(file === undefined ? {} : { file }) })
  const names = namesIn(source)
  if (!names.includes(environment)) throw unknownEnvironment(source, { environment, names })
  return checkEnvironment(source, { cwd, environment, ...(ref === undefined ? {} : { ref }) })
}

/** The same for whoever goes on with what could be read, and with the file itself. Rejects where there is no such environment. */
export async function examine({
  cwd,
  file,
  environment,
}: Omit<LoadOptions, 'overrides'>): Promise<Examined & { readonly source: Source }> {
  const source = await findConfig({ cwd, ...(file === undefined ? {} : { file }) })
  const names = namesIn(source)
  if (!names.includes(environment)) throw unknownEnvironment(source, { environment, names })
  return { source, ...(await examineEnvironment(source, { cwd, environment })) }
}

/** The environments of the file, in its order. Rejects with UserError `config`. */
export async function environmentNames(options: {
  readonly cwd: string
  readonly file?: string
}): Promise<readonly string[]> {
  return namesIn(await findConfig(options))
}

function namesIn(source: Source): readonly string[] {
  return Object.keys(deploySection(source) ?? {})
}

function unknownEnvironment(
  source: Source,
  { environment, names }: { readonly environment: string; readonly names: readonly string[] },
): UserError {
  const meant = nearest(environment, names)
  const known = names.length === 0 ? 'it has none yet' : `it has ${names.join(', ')}`
  return new UserError('config', `${source.shown}: there is no environment \`${environment}\`: ${known}`, {
    ...(meant === undefined ? {} : { hint: `Did you mean \`${meant}\`?` }),
  })
}
