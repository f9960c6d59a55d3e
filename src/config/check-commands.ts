import { basename, isAbsolute } from 'node:path'
import type { Check } from './check.ts'
import { environmentVariables } from './env.ts'
import { layoutWarnings, movesIn, withLocalScripts, withoutGitMoves } from './hooks.ts'
import { hasApps } from './source.ts'
import { pm2Warnings, split } from './split.ts'
import type { EnvironmentConfig } from './types.ts'

export interface CheckedCommands extends Pick<EnvironmentConfig, 'env' | 'hooks' | 'split' | 'warnings'> {}

/** What runs on the hosts (and, for `pre-deploy-local`, here), with which variables. */
export async function checkCommands(check: Check): Promise<CheckedCommands> {
  const { block, cwd, environment, path, problems, raw, source } = check
  const postDeploy = block['post-deploy'] ?? []
  const install = block.install
  // An empty `install` prepares nothing; an empty `reload` says nothing, as an empty hook does.
  const reload = block.reload?.length === 0 ? undefined : block.reload
  const preDeploy = withoutGitMoves('pre-deploy', block['pre-deploy'] ?? [])
  const env = environmentVariables(block.env ?? {}, { path: [...path, 'env'], problems })
  const refuse = (key: string, texts: readonly string[]) => {
    for (const text of texts) problems.push({ path: [...path, key], text })
  }
  refuse('pre-deploy', preDeploy.problems)
  refuse('post-deploy', movesIn(postDeploy))
  refuse('install', movesIn(install ?? []))
  refuse('reload', movesIn(reload ?? []))
  const isReported = raw['post-deploy'] !== undefined && block['post-deploy'] === undefined
  if (postDeploy.length === 0 && reload === undefined && !hasApps(source) && !isReported) {
    problems.push({
      path,
      text: `has neither \`post-deploy\` nor \`reload\`, and ${source.shown} has no \`apps\` for pm2 to start: write one`,
    })
  }
  const base = block.path ?? '/'
  // For pm2 on the host: a file from elsewhere on this disk can only be meant by its name.
  const file = isAbsolute(source.shown) ? basename(source.shown) : source.shown
  const work = split({ postDeploy, install, reload, path: base, file, environment })
  return {
    env,
    hooks: {
      preSetup: await withLocalScripts(block['pre-setup'] ?? [], cwd),
      postSetup: block['post-setup'] ?? [],
      preDeployLocal: block['pre-deploy-local'] ?? [],
      preDeploy: preDeploy.texts,
    },
    split: work,
    warnings: [
      ...preDeploy.warnings,
      ...layoutWarnings('pre-deploy', preDeploy.texts, base),
      ...layoutWarnings('post-deploy', [...postDeploy, ...(install ?? []), ...(reload ?? [])], base),
      ...pm2Warnings(work),
    ],
  }
}
