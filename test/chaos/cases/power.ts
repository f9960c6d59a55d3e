import { demand } from '../../lab/fleet.ts'
import type { ChaosCase, Scene } from '../case.ts'
import { IN_FLIGHT } from '../load.ts'
import { type Moment, ON_A_HOST, reached, step } from '../moment.ts'

/** What has no connection yet goes to another host after 3.5 s, also each time that nginx asks it again. */
const LOST = {
  requests: IN_FLIGHT,
  why: 'the machine that was serving, or being drained, lost its power: what was in flight on it',
}

/** Afterwards it has no request. */
const IN_FLIGHT_AT = new Set(
  [step('prepare'), step('take-out'), step('drain'), step('put-back'), step('confirm')].map(({ words }) => words),
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
    ...(IN_FLIGHT_AT.has(moment.words) ? { allowed: LOST } : {}),
  }
}

/** As whoever wants them back after a boot does. */
async function saveProcesses({ lab }: Scene): Promise<void> {
  for (const host of lab.hosts) await demand(host, 'pm2 save', 'deploy')
}
