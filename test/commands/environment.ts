/** A checked configuration, and the surroundings of a command, to change what a test is about. */
import type { Wishes } from '../../src/commands/arguments.ts'
import type { CommandContext } from '../../src/commands/context.ts'
import type { EnvironmentConfig } from '../../src/config/types.ts'
import { defaultLimits } from '../../src/hosts/limits.ts'
import type { Report } from '../../src/rollout/report.ts'

export function environment(change: Partial<EnvironmentConfig> = {}): EnvironmentConfig {
  return {
    file: 'ecosystem.config.js',
    environment: 'production',
    hosts: [],
    ssh: {
      strictHostKeyChecking: undefined,
      knownHostsFiles: [],
      proxyJump: null,
      forwardAgent: undefined,
      identityAgent: undefined,
      algorithms: {},
    },
    repo: 'git@git.example.com:shop.git',
    ref: 'origin/main',
    path: '/var/www/shop',
    depth: null,
    env: {},
    hooks: { preSetup: [], postSetup: [], preDeployLocal: [], postDeployLocal: [], onFailureLocal: [], preDeploy: [] },
    split: {
      prepare: ['npm ci'],
      byLockfile: false,
      activate: ['pm2 reload app.config.js'],
      manager: 'pm2',
      reason: '',
    },
    shared: [],
    uploads: [],
    ignore: [],
    health: null,
    balancer: null,
    migrate: null,
    rollout: {
      batches: [],
      cuts: [],
      minServing: 1,
      minServingIsDefault: false,
      onFailure: 'rollback',
      drainTimeoutMs: 60_000,
      onDrainTimeout: 'fail',
      soakMs: 0,
      pauseTimeoutMs: 3_600_000,
    },
    timeouts: defaultLimits,
    keepReleases: 5,
    warnings: [],
    ...change,
  }
}

/** What an environment alone asks for. */
export const plainWishes: Wishes = {
  goal: { kind: 'ref', ref: null },
  allowDowntime: false,
  fresh: false,
  skip: [],
  allowSkipped: false,
  pauseAfter: null,
  migrate: null,
  waitMs: 0,
}

export interface FakeContext extends CommandContext {
  readonly reports: readonly Report[]
  /** As Ctrl-C does: 1 for the first, 2 for the second. */
  readonly interrupt: (count: number) => void
}

export function context(change: Partial<CommandContext> = {}): FakeContext {
  const reports: Report[] = []
  let heard: (count: number) => void = () => undefined
  return {
    cwd: '/',
    env: process.env,
    report: (report) => reports.push(report),
    onInterrupt: (handler) => {
      heard = handler
    },
    isTerminal: false,
    reports,
    interrupt: (count) => heard(count),
    ...change,
  }
}
