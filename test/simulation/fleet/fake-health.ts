/** Asks imagined apps whether they are well. */
import { UserError } from '../../../src/errors.ts'
import type { Answer, Health } from '../../../src/health/health.ts'
import type { Host } from '../../../src/hosts/host.ts'
import { wellness } from './app.ts'
import { errand } from './errand.ts'
import type { At } from './fake-host.ts'

const timeoutMs = 5_000
const noAnswer: Answer = { healthy: false, detail: `no answer within ${timeoutMs / 1000} s` }

export function fakeHealth(at: (host: Host) => At): Health {
  return {
    check: (host) => {
      const { seat, box } = at(host)
      const { dice, dials } = seat.world
      const work = (): Answer => (dice.chance(dials.healthLies) ? noAnswer : answerOf(box))
      return errand(seat, { what: 'no answer', code: 'host-command', timeoutMs, fence: null, work }).catch(silent)
    },
  }
}

function silent(error: unknown): Answer {
  if (error instanceof UserError && error.code === 'host-command') return noAnswer
  throw error
}

function answerOf(box: At['box']): Answer {
  switch (wellness(box)) {
    case 'silent':
      return { healthy: false, detail: 'connection refused' }
    case 'well':
      return { healthy: true, detail: '200 in 3 ms' }
    case 'ill':
      return { healthy: false, detail: '500 in 3 ms' }
  }
}
