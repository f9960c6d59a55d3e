/** What the parts of a deploy share. */
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { EnvironmentConfig } from '../config/types.ts'
import { systemClock } from '../engine/clock.ts'
import type { FleetLock } from '../engine/lock.ts'
import { localUser } from '../hosts/local-user.ts'
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

/** What was asked for, as whoever comes second reads it: `deploy production origin/main`, `rollback production <release>`. */
export function commandText({ environment, ref }: EnvironmentConfig, goal: Wish): string {
  const what = goal.kind === 'ref' ? ref : goal.release
  return [commandName(goal), environment, ...(what === null ? [] : [what])].join(' ')
}

export function ownerOf(command: string): LockOwner {
  return {
    token: randomBytes(12).toString('hex'),
    by: who(),
    pid: process.pid,
    since: new Date(systemClock.now()).toISOString(),
    command,
  }
}

/** `ada@laptop` */
export function who(): string {
  return `${localUser(process.env)}@${hostname()}`
}
