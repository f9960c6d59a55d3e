/**
 * Releases that should not be deployed: what each does, and how its deploy must end, on two hosts that serve v1 and are
 * done one after the other. Real machines (bad-releases.test.ts, bad-elsewhere.test.ts) and the imagined fleet
 * (test/simulation/alike.test.ts) are held to the same table.
 */
import type { OutcomeKind } from '../../src/rollout/model.ts'
import type { ExitCode } from '../../src/rollout/report.ts'
import type { Commit } from '../simulation/fleet/repository.ts'
import type { ReleaseName } from './releases.ts'

export interface BadRelease {
  readonly release: ReleaseName
  /** The same, on the imagined fleet. */
  readonly imagined: Omit<Commit, 'sha'>
  readonly policy: {
    readonly stableMs: number
    readonly soakMs: number
    readonly onFailure: 'rollback' | 'stop'
  }
  readonly end: BadEnd
  /** What is said about it, by the real thing. */
  readonly why: RegExp
}

export interface BadEnd {
  /** `refused`: before anything that a user could feel. */
  readonly kind: OutcomeKind | 'refused'
  readonly exitCode: ExitCode
  /** What serves on web-1 and on web-2 when it has ended. */
  readonly serving: readonly ['v1' | 'the bad one', 'v1' | 'the bad one']
}

/** As whoever deploys to the imagined fleet installs. */
const INSTALL = 'npm ci'

const POLICY = { stableMs: 500, soakMs: 0, onFailure: 'rollback' } as const
const EVERYWHERE = { on: 'every host', failing: [] } as const
const UNDONE = { kind: 'rolled back', exitCode: 3, serving: ['v1', 'v1'] } as const

/** It fails on the first host that gets it. */
export const BAD_AT_ONCE: readonly BadRelease[] = [
  {
    release: 'throws-at-boot',
    imagined: { ...EVERYWHERE, behaviour: { kind: 'throws at boot' } },
    policy: POLICY,
    end: UNDONE,
    why: /│ .*throws-at-boot cannot boot/,
  },
  {
    release: 'never-listens',
    imagined: { ...EVERYWHERE, behaviour: { kind: 'never ready' } },
    policy: POLICY,
    end: UNDONE,
    why: /✖ .*connection refused|✖ .*no process/,
  },
  {
    release: 'answers-500',
    imagined: { ...EVERYWHERE, behaviour: { kind: 'answers 500' } },
    policy: POLICY,
    end: UNDONE,
    why: /✖ .*the health check failed: 500/,
  },
  {
    release: 'dies-after-2s',
    imagined: { ...EVERYWHERE, behaviour: { kind: 'dies', afterMs: 2_000 } },
    // Longer than it lives.
    policy: { ...POLICY, stableMs: 3_000 },
    end: UNDONE,
    // Up to who looks first when it has died: the watch over its processes, or the health check.
    why: /✖ 10\.77\.0\.11: .*(?:shop|health)/,
  },
]

/** It fails before the first host, after it was put back, or on the second one. */
export const BAD_ELSEWHERE: readonly BadRelease[] = [
  {
    release: 'does-not-install',
    imagined: { behaviour: { kind: 'well' }, on: 'every host', failing: [INSTALL] },
    policy: POLICY,
    end: { kind: 'refused', exitCode: 1, serving: ['v1', 'v1'] },
    why: /│ npm error command sh -c exit 1/,
  },
  {
    release: 'ill-after-6s',
    imagined: { ...EVERYWHERE, behaviour: { kind: 'turns ill', afterMs: 6_000 } },
    // Longer than it is well.
    policy: { ...POLICY, soakMs: 12_000 },
    end: UNDONE,
    why: /10\.77\.0\.11 {2}not well while it soaked: was verified, and did not stay healthy/,
  },
  {
    release: 'answers-500-on-web-2',
    imagined: { behaviour: { kind: 'answers 500' }, on: ['web-2'], failing: [] },
    policy: POLICY,
    end: UNDONE,
    why: /✖ 10\.77\.0\.12: the health check failed: 500/,
  },
  {
    release: 'answers-500-on-web-2',
    imagined: { behaviour: { kind: 'answers 500' }, on: ['web-2'], failing: [] },
    policy: { ...POLICY, onFailure: 'stop' },
    end: { kind: 'incomplete', exitCode: 4, serving: ['the bad one', 'v1'] },
    why: /✖ 10\.77\.0\.12: the health check failed: 500/,
  },
]
