/** What every health check promises, and every fake of one. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Health } from '../../src/health/health.ts'
import type { Host } from '../../src/hosts/host.ts'

/** How the app is: it answers well, or with an error, or says nothing for ever, or nobody listens. */
export type AppState = 'well' | 'ill' | 'hangs' | 'silent'

export interface HealthSubject {
  readonly health: Health
  readonly host: Host
  readonly turn: (state: AppState) => Promise<void>
  /** A machine that cannot be reached. */
  readonly lost: Host
  readonly close: () => Promise<void>
}

export function healthContract(name: string, make: () => Promise<HealthSubject>): void {
  describe(`${name} keeps a health check's promises`, () => {
    let subject: HealthSubject
    beforeAll(async () => {
      subject = await make()
    })
    afterAll(() => subject?.close())
    const check = async (state: AppState) => {
      await subject.turn(state)
      return subject.health.check(subject.host)
    }

    it('tells an app that is well from one that is not, again and again', async () => {
      expect(await check('well')).toEqual({ healthy: true, detail: expect.stringMatching(/^200 in \d+ ms$/) })
      expect(await check('ill')).toEqual({ healthy: false, detail: expect.stringMatching(/^500 in \d+ ms$/) })
      expect(await check('well')).toMatchObject({ healthy: true })
    })

    it('takes no answer for an answer: nobody listens, or nothing is said in time', async () => {
      expect(await check('silent')).toEqual({ healthy: false, detail: 'connection refused' })
      expect(await check('hangs')).toEqual({ healthy: false, detail: expect.stringMatching(/^no answer within .* s$/) })
    })

    it('says so where the machine could not be asked', async () => {
      await expect(subject.health.check(subject.lost)).rejects.toMatchObject({ code: 'host-unreachable' })
    })
  })
}
