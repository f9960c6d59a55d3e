/** What every balancer promises, and every fake of one. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Balancer } from '../../src/balancers/balancer.ts'
import type { HeldLock } from '../../src/hosts/lockable.ts'
import { lockContract, ownerOf } from '../hosts/lock-contract.ts'

export interface ContractSubject {
  /** Names of at least three hosts, each a batch of its own. */
  readonly hosts: readonly string[]
  /** A balancer as the next deployer would make it. */
  readonly open: () => Balancer
  /** Leaves out just these, as an operator would, without a deploy. */
  readonly byHand: (out: readonly string[]) => Promise<void>
  /** Starts a request that the balancer sends to that host, and that runs until `finish`. */
  readonly startRequest: (host: string) => Promise<{ readonly finish: () => Promise<void> }>
  readonly setHealthy: (host: string, isHealthy: boolean) => void
  /** Everybody in, by the deploy of that token, which has the lock. */
  readonly reset: (by: string) => Promise<void>
  /** Ends all connections, and what is held with them. */
  readonly cut: () => Promise<void>
  readonly close: () => Promise<void>
}

const timeoutMs = 5_000

export function balancerContract(name: string, make: () => Promise<ContractSubject>): void {
  describe(`${name} keeps a balancer's promises`, () => {
    let subject: ContractSubject
    let [a, b, c] = ['', '', '']
    beforeAll(async () => {
      subject = await make()
      ;[a = '', b = '', c = ''] = subject.hosts
    })
    let held: readonly HeldLock[] = []
    const letGo = async (): Promise<void> => {
      await Promise.all(held.map((lock) => lock.letGo()))
      held = []
    }
    beforeEach(async () => {
      held = await lockAll(subject.open(), by)
      await subject.reset(by)
    })
    afterEach(letGo)
    afterAll(() => subject?.close())
    const by = 'ada'

    describe('under its lock', () => {
      beforeEach(letGo)
      lockContract(() => {
        const [lock] = subject.open().locks
        if (lock === undefined) throw new Error('a balancer without a lock')
        return { lock, close: () => subject.cut() }
      })

      it('has one for each of its machines', () => {
        const { locks, machines } = subject.open()
        expect(locks).toHaveLength(machines.length)
      })

      it('does not publish for a deploy that has no lock, that lost it, or from whom it was taken away', async () => {
        const balancer = subject.open()
        const publish = () => balancer.publish({ out: [a], byHand: [], by })
        await expect(publish()).rejects.toMatchObject({ code: 'locked' })
        held = await lockAll(subject.open(), 'grace')
        await expect(publish()).rejects.toMatchObject({ code: 'locked' })
        await letGo()
        await lockAll(subject.open(), by)
        for (const lock of subject.open().locks) await lock.unlock(ownerOf(by))
        await expect(publish()).rejects.toMatchObject({ code: 'locked' })
        expect((await balancer.observe()).out).toEqual([])
      })

      it('publishes for a deploy that was cut off from it, as long as nobody else had the lock', async () => {
        await lockAll(subject.open(), by)
        await subject.cut()
        await subject.open().publish({ out: [a], byHand: [], by })
        expect((await subject.open().observe()).out).toEqual([a])
        held = await lockAll(subject.open(), 'grace')
        await expect(subject.open().publish({ out: [], byHand: [], by })).rejects.toMatchObject({ code: 'locked' })
      })
    })

    it('leaves out nobody at first, and finds nothing wrong', async () => {
      expect(await subject.open().preflight()).toEqual([])
      expect(await subject.open().observe()).toEqual({ out: [], mixed: [], byHand: [] })
    })

    it('leaves out whom it was told to, for the next deployer too, and knows that it was a deploy', async () => {
      await subject.open().publish({ out: [a], byHand: [], by })
      expect(await subject.open().observe()).toEqual({ out: [a], mixed: [], byHand: [] })
    })

    it('puts one back and takes another out in one change, and repeats it without harm', async () => {
      const balancer = subject.open()
      await balancer.publish({ out: [a], byHand: [], by })
      await balancer.publish({ out: [b], byHand: [], by })
      await balancer.publish({ out: [b], byHand: [], by })
      expect(await balancer.observe()).toEqual({ out: [b], mixed: [], byHand: [] })
    })

    it('is never told to leave out every host', async () => {
      const balancer = subject.open()
      expect(balancer.canPublish(subject.hosts)).toBe(false)
      expect(balancer.canPublish([a])).toBe(true)
      expect(balancer.canPublish([])).toBe(true)
      await expect(balancer.publish({ out: subject.hosts, byHand: [], by })).rejects.toMatchObject({ code: 'balancer' })
      expect((await balancer.observe()).out).toEqual([])
    })

    it('tells whom an operator left out, also when a deploy leaves out another one beside it', async () => {
      await subject.byHand([c])
      const balancer = subject.open()
      expect(await balancer.observe()).toEqual({ out: [c], mixed: [], byHand: [c] })
      await balancer.publish({ out: [a, c], byHand: [c], by })
      const view = await subject.open().observe()
      expect([...view.out].toSorted()).toEqual([a, c].toSorted())
      expect(view.byHand).toEqual([c])
    })

    it('changes nothing when another hand was there since it looked', async () => {
      const balancer = subject.open()
      await balancer.observe()
      await subject.byHand([c])
      await expect(balancer.publish({ out: [a], byHand: [], by })).rejects.toMatchObject({ code: 'balancer' })
      expect((await subject.open().observe()).out).toEqual([c])
    })

    it('does not take for its own doing what another hand did meanwhile', async () => {
      const balancer = subject.open()
      await balancer.observe()
      await subject.byHand([a])
      await expect(balancer.publish({ out: [a], byHand: [], by })).rejects.toMatchObject({ code: 'balancer' })
      expect(await subject.open().observe()).toEqual({ out: [a], mixed: [], byHand: [a] })
    })

    it('is drained only when the last request has ended', async () => {
      const balancer = subject.open()
      const request = await subject.startRequest(a)
      await balancer.publish({ out: [a], byHand: [], by })
      const heard: number[] = []
      let isDrained = false
      const drained = balancer
        .drained(a, { timeoutMs: timeoutMs * 2, onWaiting: (connections) => heard.push(connections) })
        .then(() => {
          isDrained = true
        })
      await expect.poll(() => heard.length, { timeout: timeoutMs }).toBeGreaterThan(0)
      expect(isDrained).toBe(false)
      expect(heard.at(-1)).toBe(1)
      await request.finish()
      await drained
    })

    it('says how many requests are left when the time to drain is over', async () => {
      const balancer = subject.open()
      const request = await subject.startRequest(a)
      await balancer.publish({ out: [a], byHand: [], by })
      const drained = balancer.drained(a, { timeoutMs: 100 })
      await expect(drained).rejects.toMatchObject({ code: 'drain', message: expect.stringContaining('1 connection') })
      await request.finish()
    })

    it('reaches a healthy host, and says so when it does not', async () => {
      const balancer = subject.open()
      await balancer.reaches(a, { timeoutMs })
      subject.setHealthy(a, false)
      await expect(balancer.reaches(a, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'balancer' })
      subject.setHealthy(a, true)
      await balancer.reaches(a, { timeoutMs })
    })
  })
}

function lockAll({ locks }: Balancer, by: string): Promise<readonly HeldLock[]> {
  return Promise.all(locks.map((lock) => lock.lock(ownerOf(by), { isAgain: false })))
}
