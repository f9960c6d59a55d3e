import { setTimeout as sleep } from 'node:timers/promises'
import { hostOf } from '../../lab/fleet.ts'
import { type Line, lineBetween } from '../../lab/line.ts'
import type { ChaosCase, Struck } from '../case.ts'
import { REQUESTS_PER_SECOND } from '../load.ts'
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
  ]
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
      requests: (REQUESTS_PER_SECOND * (seconds + 1)) / 2,
      why: `the machine that was serving lost its network: of two hosts, what it was sent in those ${seconds} s and one more (${REQUESTS_PER_SECOND} requests a second)`,
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
