import type { EnvironmentConfig } from '../config/types.ts'
import type { Goal } from '../engine/goal.ts'
import type { CommandContext } from './context.ts'

export interface Announced {
  readonly config: Pick<EnvironmentConfig, 'file'>
  readonly goal: Goal
  readonly fromSha: string | null
}

/** Says which commit it is, and what only the deployer's own clone knows: the commits between, and what of it a host does not get. */
export async function announceCommit(context: CommandContext, { config, goal, fromSha }: Announced): Promise<void> {
  const { id, sha, ref } = goal.manifest
  const { cwd, report } = context
  const { commitsBetween, differsFrom, isPushed } = await import('./local-git.ts')
  const isNew = goal.kind === 'deploy'
  const [commits, pushed, differs] = await Promise.all([
    commitsBetween(cwd, fromSha, sha),
    isNew ? isPushed(cwd) : null,
    isNew && differsFrom(cwd, config.file, sha),
  ])
  report({ type: 'resolved', ref, sha, from: fromSha, release: id, commits })
  if (pushed === false)
    report({
      type: 'note',
      level: 'warning',
      text: 'HEAD of the clone here is on no branch of its remote: what is not pushed is not deployed',
    })
  if (differs) {
    const text = `${config.file} here is not as in ${sha.slice(0, 7)}: the deploy goes by this one, the hosts get the commit's`
    report({ type: 'note', level: 'info', text })
  }
}
