/** From configuration and command line to what the engine is asked for. */
import { createHash } from 'node:crypto'
import type { EnvironmentConfig } from '../config/types.ts'
import type { Wish } from '../engine/goal.ts'
import type { Order } from '../engine/order.ts'
import type { Policy } from '../engine/plan.ts'
import { UserError } from '../errors.ts'
import type { Upload } from '../hosts/sharing.ts'
import type { Batch } from '../rollout/model.ts'
import { minServingOf } from '../rollout/policy.ts'
import type { Goal, Wishes } from './arguments.ts'
import { who } from './deploying.ts'

/** `uploads`: as they were read. Throws UserError `usage` for what makes no sense with this configuration. */
export function orderOf(config: EnvironmentConfig, wishes: Wishes, uploads: readonly Upload[] = []): Order {
  const { hooks, split, env, environment, repo, depth, keepReleases, migrate, shared } = config
  const { prepare, byLockfile, activate, manager } = split
  if (migrate === null && wishes.migrate !== null)
    throw new UserError('usage', `--migrate ${wishes.migrate}: ${config.file} has no \`migrate\` for ${environment}.`)
  return {
    wish: wishOf(config, wishes.goal),
    recipe: {
      prepare,
      ...(byLockfile ? { byLockfile } : {}),
      activate,
      manager,
      env,
      environment,
      shared,
      uploads: digestsOf(uploads),
    },
    source: { repo, depth },
    uploads,
    isFresh: wishes.fresh,
    onFirst: hooks.postSetup,
    before: hooks.preDeploy,
    policy: policyOf(config, wishes),
    keep: keepReleases,
    migration: migrate === null ? null : { command: migrate, answer: wishes.migrate },
    allowDowntime: wishes.allowDowntime,
    allowSkipped: wishes.allowSkipped,
    by: who(),
    answers: null,
  }
}

/** By them a release is known for another where a file changed that was brought there. */
function digestsOf(uploads: readonly Upload[]): Readonly<Record<string, string>> {
  return Object.fromEntries(uploads.map(({ to, content }) => [to, createHash('sha256').update(content).digest('hex')]))
}

function wishOf({ ref }: EnvironmentConfig, goal: Goal): Wish {
  return goal.kind === 'ref' ? { kind: 'ref', ref: goal.ref ?? ref } : goal
}

/**
 * Going back is for when something is wrong: it asks nobody and does not soak, unless somebody says so. The default of
 * min-serving is one of the hosts that take part.
 */
function policyOf({ rollout }: EnvironmentConfig, { goal, skip, pauseAfter }: Wishes): Policy {
  const { onFailure, soakMs, minServing, minServingIsDefault } = rollout
  const isBack = goal.kind === 'release'
  const written = isBack ? rollout.batches.map(({ hosts }) => ({ hosts, pause: false })) : rollout.batches
  const batches = pauseAfter === null ? written : pausedAfterCanary(written, skip)
  const sizes = batches.map((batch) => takingPart(batch, skip))
  const count = sizes.reduce((sum, size) => sum + size, 0)
  return {
    batches: pausesOf(batches, skip),
    minServing: minServingIsDefault && skip.length > 0 ? minServingOf(count, null, Math.max(1, ...sizes)) : minServing,
    onFailure,
    soak: soakMs > 0 && !isBack,
  }
}

/** The canary is the first batch that takes part. */
function pausedAfterCanary(batches: readonly Batch[], skip: readonly string[]): readonly Batch[] {
  const takesPart = (batch: Batch): boolean => takingPart(batch, skip) > 0
  const canary = batches.findIndex(takesPart)
  if (batches.filter(takesPart).length < 2)
    throw new UserError('usage', '--pause-after canary: there is only one batch, and nothing comes after it.', {
      hint: 'Leave it out, or write a `rollout.batch` that makes more than one.',
    })
  return batches.map((batch, index) => (index === canary ? { ...batch, pause: true } : batch))
}

/** What is to be asked after a batch that is skipped as a whole is asked after the next one. */
function pausesOf(batches: readonly Batch[], skip: readonly string[]): readonly Batch[] {
  let isOwed = false
  return batches.map((batch) => {
    isOwed ||= batch.pause
    const takesPart = takingPart(batch, skip) > 0
    const asks = takesPart && isOwed
    if (takesPart) isOwed = false
    return { hosts: batch.hosts, pause: asks }
  })
}

/** How many of its hosts are not skipped. */
function takingPart({ hosts }: Batch, skip: readonly string[]): number {
  return hosts.filter((host) => !skip.includes(host)).length
}
