/** Who deploys what, in words. */
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { EnvironmentConfig } from '../config/types.ts'
import { isoNow, systemClock } from '../engine/clock.ts'
import { localUser } from '../hosts/local-user.ts'
import type { LockOwner } from '../hosts/lock.ts'
import type { Goal } from './arguments.ts'

export function commandName(goal: Goal): 'deploy' | 'rollback' {
  return goal.kind === 'release' ? 'rollback' : 'deploy'
}

/** What was asked for, as whoever comes second reads it: `deploy production origin/main`, `rollback production <release>`, `revert production 2`. */
export function commandText({ environment, ref }: EnvironmentConfig, goal: Goal): string {
  if (goal.kind === 'ref') return `deploy ${environment} ${ref}`
  if (goal.kind === 'join') return `setup ${environment} --hosts ${goal.hosts.join(',')}`
  if (goal.release === 1) return `rollback ${environment}`
  return `${typeof goal.release === 'number' ? 'revert' : 'rollback'} ${environment} ${goal.release}`
}

export function ownerOf(command: string): LockOwner {
  return {
    token: randomBytes(12).toString('hex'),
    by: who(),
    pid: process.pid,
    since: isoNow(systemClock),
    command,
  }
}

/** `ada@laptop` */
export function who(): string {
  return `${localUser(process.env)}@${hostname()}`
}
