import { basename, isAbsolute } from 'node:path'
import type { Check } from './check.ts'
import { environmentVariables, valueWarnings } from './env.ts'
import { fixedIn, layoutWarnings, movesIn, withLocalScripts, withoutGitMoves } from './hooks.ts'
import { hasApps } from './source.ts'
import { pm2Warnings, split } from './split.ts'
import { entering, inSubdir } from './subdir.ts'
import type { EnvironmentConfig } from './types.ts'

export interface CheckedCommands extends Pick<EnvironmentConfig, 'env' | 'hooks' | 'split' | 'migrate' | 'warnings'> {}

/** What runs on the hosts (and, for `pre-deploy-local`, here), with which variables. */
export async function checkCommands(check: Check): Promise<CheckedCommands> {
  const { block, cwd, path, problems } = check
  const written = writtenCommands(check)
  const { postDeploy, install, reload, migrate } = written
  const base = block.path ?? '/'
  const preDeploy = withoutGitMoves('pre-deploy', block['pre-deploy'] ?? [], base)
  const env = environmentVariables(block.env ?? {}, { path: [...path, 'env'], problems })
  refuseMoves(check, written, preDeploy.problems)
  refuseEntering(check, written)
  refuseNothing(check, written)
  const halves = split({ postDeploy, install, reload, path: base, ...pm2File(check) })
  const work = inSubdir({ split: halves, migrate }, block.subdir)
  return {
    env,
    hooks: {
      preSetup: await withLocalScripts(block['pre-setup'] ?? [], cwd),
      postSetup: block['post-setup'] ?? [],
      preDeployLocal: block['pre-deploy-local'] ?? [],
      postDeployLocal: block['post-deploy-local'] ?? [],
      onFailureLocal: block['on-failure-local'] ?? [],
      preDeploy: preDeploy.texts,
    },
    ...work,
    warnings: [
      ...valueWarnings(block.env ?? {}),
      ...preDeploy.warnings,
      ...layoutWarnings('pre-deploy', preDeploy.texts, base),
      ...new Set([halves.prepare, halves.activate].flatMap((texts) => layoutWarnings('post-deploy', texts, base))),
      ...layoutWarnings('migrate', listOf(migrate), base),
      ...pm2Warnings(work.split),
    ],
  }
}

interface Written {
  readonly postDeploy: readonly string[]
  readonly install: readonly string[] | undefined
  readonly reload: readonly string[] | undefined
  readonly migrate: string | null
}

/** An empty `install` prepares nothing; an empty `reload` says nothing, as an empty hook does. */
function writtenCommands({ block }: Check): Written {
  return {
    postDeploy: block['post-deploy'] ?? [],
    install: block.install,
    reload: block.reload?.length === 0 ? undefined : block.reload,
    migrate: block.migrate ?? null,
  }
}

/** Every host stands on the commit that was asked for already: a command that moves it elsewhere is refused. */
function refuseMoves(
  { block, path, problems }: Check,
  { postDeploy, install, reload, migrate }: Written,
  inPreDeploy: readonly string[],
): void {
  const refuse = (key: string, texts: readonly string[]): void => {
    for (const text of texts) problems.push({ path: [...path, key], text })
  }
  const base = block.path ?? '/'
  refuse('pre-deploy', inPreDeploy)
  // Where `reload` is written, what it stands in for is for pm2 deploy alone.
  refuse('post-deploy', reload === undefined ? fixedIn(postDeploy, base) : [])
  refuse('install', movesIn(install ?? [], base))
  refuse('reload', movesIn(reload ?? [], base))
  refuse('migrate', movesIn(listOf(migrate), base))
}

/** With `subdir`, they run there: what enters it would look for it in itself. */
function refuseEntering({ block, path, problems }: Check, { postDeploy, install, reload, migrate }: Written): void {
  const { subdir, path: base = '/' } = block
  if (subdir === undefined) return
  const isRead = install === undefined || reload === undefined
  const written = { 'post-deploy': isRead ? postDeploy : [], install, reload, migrate: listOf(migrate) }
  for (const [key, texts = []] of Object.entries(written)) {
    const found = entering(texts, { subdir, base })
    if (found === null) continue
    problems.push({ path: [...path, key], text: `runs in \`${subdir}\` (\`subdir\`): take \`${found}\` out` })
  }
}

/** Something has to make the processes run the release. */
function refuseNothing({ block, path, problems, raw, source }: Check, { postDeploy, reload }: Written): void {
  const isReported = Object.hasOwn(raw, 'post-deploy') && block['post-deploy'] === undefined
  if (postDeploy.length > 0 || reload !== undefined || hasApps(source) || isReported) return
  const text = `has neither \`post-deploy\` nor \`reload\`, and ${source.shown} has no \`apps\` for pm2 to start: write one`
  problems.push({ path, text })
}

/** For pm2 on the host: a file from elsewhere on this disk can only be meant by its name. */
function pm2File({ environment, source }: Check): { readonly file: string; readonly environment: string } {
  return { file: isAbsolute(source.shown) ? basename(source.shown) : source.shown, environment }
}

function listOf(command: string | null): readonly string[] {
  return command === null ? [] : [command]
}
