/** What the parts of a deploy share. */
import { randomBytes } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import type { EnvironmentConfig } from '../config/types.ts'
import { systemClock } from '../engine/clock.ts'
import type { FleetLock } from '../engine/lock.ts'
import type { LockOwner } from '../hosts/lock.ts'
import type { Invocation, Goal as Wish } from './arguments.ts'
import type { CommandContext } from './context.ts'
import type { OpenFleet } from './fleet.ts'
import type { Interruption } from './interruption.ts'

export interface Deploying {
  readonly invocation: Extract<Invocation, { verb: 'deploy' }>
  readonly config: EnvironmentConfig
  readonly context: CommandContext
  readonly open: OpenFleet
  readonly lock: FleetLock
  readonly interruption: Interruption
  readonly startedMs: number
}

export function commandName(goal: Wish): string {
  return goal.kind === 'ref' ? 'deploy' : 'rollback'
}

export function ownerOf(config: EnvironmentConfig, goal: Wish): LockOwner {
  const what = goal.kind === 'ref' ? `deploy ${config.environment} ${config.ref}` : `rollback ${config.environment}`
  return {
    token: randomBytes(12).toString('hex'),
    by: who(),
    pid: process.pid,
    since: new Date(systemClock.now()).toISOString(),
    command: what,
  }
}

export function who(): string {
  return `${userInfo().username}@${hostname()}`
}
