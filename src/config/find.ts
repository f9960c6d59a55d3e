import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { UserError } from '../errors.ts'
import { readConfig } from './read.ts'
import { deploySection, type Source } from './source.ts'

/** In the order in which they are looked for. The ecosystem files are those of pm2. */
export const configNames = [
  ...['ecosystem.config.js', 'ecosystem.config.cjs', 'ecosystem.config.mjs', 'ecosystem.config.ts'],
  ...[
    'ecosystem.json',
    'ecosystem.yml',
    'ecosystem.yaml',
    'deploy.yml',
    'deploy.yaml',
    'ecosystem.json5',
    'package.json',
  ],
]

/**
 * Reads the file given, or the first in `cwd` that has a `deploy` section: an ecosystem file may well hold the apps
 * only, with a deploy.yml beside it. Rejects with UserError `config`.
 */
export async function findConfig({ cwd, file }: { readonly cwd: string; readonly file?: string }): Promise<Source> {
  if (file !== undefined) {
    const source = await readConfig(resolve(cwd, file), cwd)
    if (deploySection(source) === undefined) throw withoutDeploy([source.shown])
    return source
  }
  const without: string[] = []
  for (const name of configNames) {
    const path = resolve(cwd, name)
    if (!(await exists(path))) continue
    const source = await readConfig(path, cwd)
    if (deploySection(source) !== undefined) return source
    without.push(source.shown)
  }
  if (without.some((name) => name !== 'package.json')) throw withoutDeploy(without)
  throw new UserError('config', `There is no configuration in ${cwd}. Looked for ${configNames.join(', ')}`, {
    hint: 'Start one with `zdr-deploy init`, or name the file: `--config <file>`.',
  })
}

function withoutDeploy(shown: readonly string[]): UserError {
  return new UserError('config', `${shown.join(', ')}: there is no \`deploy\` section in it`, {
    hint: '`zdr-deploy init` shows one to start from.',
  })
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
