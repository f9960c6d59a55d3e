import type { Goal } from '../engine/goal.ts'
import type { CommandContext } from './context.ts'

/** Says which commit it is, and what only the deployer's own clone knows: the commits between, and that HEAD was not pushed. */
export async function announceCommit(
  context: CommandContext,
  { goal, fromSha }: { readonly goal: Goal; readonly fromSha: string | null },
): Promise<void> {
  const { id, sha, ref } = goal.manifest
  const { commitsBetween, isPushed } = await import('./local-git.ts')
  const [commits, pushed] = await Promise.all([
    commitsBetween(context.cwd, fromSha, sha),
    goal.kind === 'deploy' ? isPushed(context.cwd) : null,
  ])
  context.report({ type: 'resolved', ref, sha, from: fromSha, release: id, commits })
  if (pushed === false)
    context.report({
      type: 'note',
      level: 'warning',
      text: 'HEAD of the clone here is on no branch of its remote: what is not pushed is not deployed',
    })
}
