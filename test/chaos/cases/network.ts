import { setTimeout as sleep } from 'node:timers/promises'
import type { BadLine } from '../../lab/bad-line.ts'
import { hostOf } from '../../lab/fleet.ts'
import type { Lab } from '../../lab/lab.ts'
import { type Line, lineBetween } from '../../lab/line.ts'
import type { Machine } from '../../lab/machine.ts'
import type { ChaosCase, Struck } from '../case.ts'
import { IN_FLIGHT, REQUESTS_PER_SECOND } from '../load.ts'
import { BEFORE, type Moment, ON_A_HOST, phase, reached, step } from '../moment.ts'

const SHORT_MS = 2_000
/** A connection is given up after 15 s without an answer. */
const LONG_MS = 40_000
const VERY_LONG_MS = 5 * 60_000

const AT_A_HOST = [...BEFORE.slice(1), step('prepare'), ...ON_A_HOST, phase('settle')]
const AT_THE_BALANCER = [step('take-out'), step('drain'), step('reload'), step('put-back'), step('confirm')]
const LONG_AT_THE_BALANCER = [step('take-out'), step('drain'), step('put-back')]

export function networkCases(isLong: boolean): readonly ChaosCase[] {
  const long = isLong ? { ms: VERY_LONG_MS, words: '5 minutes' } : { ms: LONG_MS, words: '40 s' }
  return [
    ...AT_A_HOST.map((at) => cutFromDeployer('host', at, { ms: SHORT_MS, words: '2 s' })),
    ...AT_A_HOST.slice(2).map((at) => cutFromDeployer('host', at, long)),
    ...AT_THE_BALANCER.map((at) => cutFromDeployer('balancer', at, { ms: SHORT_MS, words: '2 s' })),
    ...LONG_AT_THE_BALANCER.map((at) => cutFromDeployer('balancer', at, long)),
    ...[step('prepare'), step('drain'), step('reload'), step('put-back')].map(cutFromBalancer),
    badLine('between the deployer and every machine', (lab) => lab.slow(BAD)),
    {
      ...badLine('between a host and every other machine', (lab) => spoilt(hostOf(lab, 1))),
      allowed: ON_A_BAD_LINE,
    },
  ]
}

const BAD = { lossPercent: 20, delayMs: 100 }

function badLine(which: string, lay: (lab: Lab) => Promise<BadLine>): ChaosCase {
  return {
    fault: `${BAD.lossPercent}% packet loss with ${BAD.delayMs} ms delay, each way, ${which}`,
    step: 'all of it',
    hosts: 2,
    async strike({ lab, deploy }) {
      const line = await lay(lab)
      await deploy.result
      await line.end()
    },
  }
}

async function spoilt(host: Machine): Promise<BadLine> {
  await host.slow(BAD)
  return { end: () => host.mend() }
}

/** How long such a deploy takes, and what of a host's requests finds no way in it: 1 in 150 was measured, without a deploy. */
const BAD_S = 300
const LOST_SHARE = 0.01

const ON_A_BAD_LINE = {
  requests: Math.round((REQUESTS_PER_SECOND / 2) * BAD_S * LOST_SHARE),
  why: `the machine that was serving has the bad line to the balancer too: of two hosts, 1 in ${1 / LOST_SHARE} of what it is sent in ${BAD_S} s (${REQUESTS_PER_SECOND} requests a second), whose packets are lost so often in a row that Node closes the connection (5 s), or the time is over (30 s); without a deploy they are lost just so`,
}

interface Span {
  readonly ms: number
  readonly words: string
}

function cutFromDeployer(which: 'host' | 'balancer', moment: Moment, { ms, words }: Span): ChaosCase {
  return {
    fault: `The network between the deployer and the ${which} is cut for ${words}`,
    step: moment.words,
    hosts: 2,
    strike: async (scene) => {
      const host = await reached(scene.lab, scene.deploy, moment)
      await cutFor(ms, scene.lab.line(which === 'host' ? host : scene.lab.balancer), scene)
    },
  }
}

const BETWEEN_MS = 5_000

function cutFromBalancer(moment: Moment): ChaosCase {
  const seconds = BETWEEN_MS / 1000
  return {
    fault: `The network between the balancer and a host is cut for ${seconds} s`,
    step: moment.words,
    hosts: 2,
    strike: async (scene) => {
      await reached(scene.lab, scene.deploy, moment)
      await cutFor(BETWEEN_MS, lineBetween(scene.lab.balancer, hostOf(scene.lab, 1)), scene)
    },
    allowed: {
      requests: IN_FLIGHT,
      why: 'the machine that was serving lost its network: what was in flight on it',
    },
  }
}

/** Or until the deploy has ended. */
async function cutFor(ms: number, line: Line, { deploy }: Struck): Promise<void> {
  await line.cut()
  const over = new AbortController()
  await Promise.race([sleep(ms, undefined, { signal: over.signal }).catch(() => undefined), deploy.result])
  over.abort()
  await line.mend()
}
