import { demand } from '../../lab/fleet.ts'
import type { ChaosCase, Scene } from '../case.ts'
import { LOAD, REQUESTS_PER_SECOND } from '../load.ts'
import { type Moment, ON_A_HOST, reached, step } from '../moment.ts'

/** How long stock nginx may take to notice that a machine is gone. */
const NOTICED_AFTER_S = 20
/** It asks it again every 10 s, and those requests wait 3 s each time until the kernel gives the address up. */
const ASKED_AGAIN_S = 3
/** The deploy ends when the host was not to be reached for a minute. */
const AGAIN = 7

const IN_ROTATION = {
  back: inRotation(NOTICED_AFTER_S, 'and what nginx sends there until it has noticed'),
  off: inRotation(
    NOTICED_AFTER_S + AGAIN * ASKED_AGAIN_S,
    'and what nginx sends there until it has noticed, and each time that it asks again',
  ),
}

function inRotation(seconds: number, what: string) {
  return {
    requests: Math.round((REQUESTS_PER_SECOND * seconds) / 3),
    why: `the machine that was serving lost its power: of three hosts, what was in flight on it, ${what} (${seconds} s of ${REQUESTS_PER_SECOND} requests a second)`,
  }
}

const DRAINING = {
  requests: 5 + 2 * LOAD.rates['slow-post'],
  why: 'the machine that was being drained lost its power: what was in flight on it',
}

/** Out of rotation nobody asks it. */
const SERVING_AT = new Set(
  [step('prepare'), step('take-out'), step('put-back'), step('confirm')].map(({ words }) => words),
)

const MOMENTS = [step('prepare'), ...ON_A_HOST]

export const POWER: readonly ChaosCase[] = [
  ...MOMENTS.map((moment) =>
    powerCase('A host loses its power, and has it back at once (pm2 resurrects the app)', moment, true),
  ),
  ...MOMENTS.map((moment) =>
    powerCase('A host loses its power until the deploy has ended (nobody starts the app)', moment, false),
  ),
]

function powerCase(fault: string, moment: Moment, comesBack: boolean): ChaosCase {
  return {
    fault,
    step: moment.words,
    hosts: 3,
    prepare: saveProcesses,
    strike: async ({ lab, deploy }) => {
      const host = await reached(lab, deploy, moment)
      await host.powerOff()
      if (comesBack) await host.powerOn({ resurrect: true })
    },
    heal: async ({ lab }) => {
      for (const host of lab.hosts) await host.powerOn()
    },
    ...(SERVING_AT.has(moment.words) ? { allowed: comesBack ? IN_ROTATION.back : IN_ROTATION.off } : {}),
    ...(moment.words === step('drain').words ? { allowed: DRAINING } : {}),
  }
}

/** As whoever wants them back after a boot does. */
async function saveProcesses({ lab }: Scene): Promise<void> {
  for (const host of lab.hosts) await demand(host, 'pm2 save', 'deploy')
}
