import { afterAll, beforeAll, expect, it } from 'vitest'
import type { RunningDeploy } from './deployer.ts'
import {
  anotherDeployer,
  configure,
  ended,
  everywhere,
  failuresOf,
  LIGHT_LOAD,
  LINE_TIMEOUT_MS,
  NO_FAILURE,
  startFleet,
  status,
} from './fleet.ts'
import type { Lab } from './lab.ts'
import type { ReleaseName } from './releases.ts'

const PAUSING = { batch: [{ size: 1, pause: true }, 1], 'min-serving': 1 }

let lab: Lab
beforeAll(async () => {
  lab = await startFleet({ hosts: 2, name: 'pause' })
})
afterAll(() => lab?.stop())

/** Starts a deploy under load, and does something while it waits for a yes. */
async function whileItPauses(
  words: readonly string[],
  act: (deploy: RunningDeploy) => unknown,
  code: number,
): Promise<string> {
  const hammer = await lab.hammer(LIGHT_LOAD)
  const deploy = lab.deploy(['production', ...words])
  await deploy.line(/paused after 10\.77\.0\.11: waits for a yes/, LINE_TIMEOUT_MS)
  await act(deploy)
  const { text } = await ended(deploy, code)
  expect(await failuresOf(hammer)).toEqual(NO_FAILURE)
  expect(await status(lab)).toMatchObject({ lock: null, hosts: [{ rotation: 'in' }, { rotation: 'in' }] })
  return text
}

async function answerFromElsewhere(answer: 'resume' | 'abort'): Promise<void> {
  await ended(lab.deploy(['production', answer], { home: await anotherDeployer(lab) }), 0)
}

const CANARY_HAS = (release: ReleaseName, before: ReleaseName) => ({ 'web-1': release, 'web-2': before })

it('a canary that nobody said yes to within its time is taken back', async () => {
  await configure(lab, { rollout: { ...PAUSING, 'pause-timeout': '2s' } })
  const text = await whileItPauses(['--ref', 'v2'], () => {}, 3)
  expect(text).toMatch(/✖ nobody said yes within 2 s/)
  expect(await lab.running()).toEqual(everywhere(lab, 'v1'))
})

it('a canary is taken back by an abort from another machine', async () => {
  await configure(lab)
  const abort = () => answerFromElsewhere('abort')
  const text = await whileItPauses(['--ref', 'v2', '--pause-after', 'canary'], abort, 3)
  expect(text).toMatch(/the answer is no, by \S+@\S+/)
  expect(await lab.running()).toEqual(everywhere(lab, 'v1'))
})

it('a canary stays where it is when its deploy is interrupted while it waits, and a resume is the yes', async () => {
  await configure(lab, { rollout: PAUSING })
  await whileItPauses(['--ref', 'v2'], (deploy) => deploy.kill('SIGINT'), 130)
  expect(await lab.running()).toEqual(CANARY_HAS('v2', 'v1'))
  await ended(lab.deploy(['production', 'resume'], { home: await anotherDeployer(lab) }), 0)
  expect(await lab.running()).toEqual(everywhere(lab, 'v2'))
})

it('all others follow the canary at a resume from another machine', async () => {
  await ended(lab.deploy(['production', '--rollback']), 0)
  const resume = async () => {
    expect(await lab.running()).toEqual(CANARY_HAS('v2', 'v1'))
    await answerFromElsewhere('resume')
  }
  const text = await whileItPauses(['--ref', 'v2'], resume, 0)
  expect(text).toMatch(/the answer is yes, by \S+@\S+/)
  expect(await lab.running()).toEqual(everywhere(lab, 'v2'))
})
