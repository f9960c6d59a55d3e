import type { ChaosCase } from '../case.ts'
import { BEFORE, type Moment, ON_A_HOST, phase, reached, step } from '../moment.ts'

const GOOD = [...BEFORE, step('prepare'), phase('roll'), ...ON_A_HOST, step('reload', { last: true }), phase('settle')]

/** It is turned back on the host that it fails on, by the steps of a deploy. */
const FAILING = [
  step('prepare'),
  step('drain'),
  step('reload'),
  step('verify'),
  ...(['activate', 'reload', 'verify', 'put-back', 'confirm'] as const).map((name) => step(name, { back: true })),
  phase('settle'),
]

const SOAKING = { overrides: { rollout: { batch: 1, 'min-serving': 1, soak: '5s' } } }

const GOING_BACK = [phase('resolve'), ...ON_A_HOST, step('reload', { last: true }), phase('settle')]

export const KILLED: readonly ChaosCase[] = [
  ...signalled('The deployer is killed (SIGKILL)', 'SIGKILL', GOOD),
  ...signalled('The deployer is killed (SIGKILL)', 'SIGKILL', [step('soak')], SOAKING),
  ...signalled('The deployer is killed (SIGKILL) while it deploys a release that answers 500', 'SIGKILL', FAILING, {
    behaviour: 'answers-500',
  }),
  ...signalled('The deployer is killed (SIGKILL) in a `--rollback`', 'SIGKILL', GOING_BACK, { command: 'rollback' }),
]

export const INTERRUPTED: readonly ChaosCase[] = [
  ...signalled('Ctrl-C (SIGINT)', 'SIGINT', GOOD),
  ...signalled('SIGTERM', 'SIGTERM', GOOD),
  ...signalled('SIGTERM', 'SIGTERM', [step('soak')], SOAKING),
  ...signalled('SIGTERM while it deploys a release that answers 500', 'SIGTERM', FAILING, { behaviour: 'answers-500' }),
  ...signalled('SIGTERM in a `--rollback`', 'SIGTERM', GOING_BACK, { command: 'rollback' }),
]

function signalled(
  fault: string,
  signal: NodeJS.Signals,
  moments: readonly Moment[],
  rest: Partial<ChaosCase> = {},
): readonly ChaosCase[] {
  return moments.map((moment) => ({
    fault,
    step: moment.words,
    hosts: 2,
    strike: async ({ lab, deploy }) => {
      await reached(lab, deploy, moment)
      deploy.kill(signal)
    },
    ...rest,
  }))
}
