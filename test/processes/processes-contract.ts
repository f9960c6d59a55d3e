/** What every process manager promises, and every fake of one. */
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { Host } from '../../src/hosts/host.ts'
import type { Activation, Process, Processes } from '../../src/processes/processes.ts'

/** How the app of a release is: it listens; it throws as it starts; it listens, and dies after some seconds. */
export type AppKind = 'well' | 'throws at boot' | 'dies'

/** A host on which nothing runs yet. */
export interface ProcessesSubject {
  readonly processes: Processes
  readonly host: Host
  /** Lays a release out, and points `current` at it. */
  readonly activate: (release: string, app: AppKind) => Promise<Activation>
  /** Resolves when the app answers. */
  readonly untilWell: () => Promise<void>
  readonly close: () => Promise<void>
}

const limits = { timeoutMs: 60_000 }
const waitMs = 40_000
const first = '20261121031500-aaaaaaa'
const second = '20261121031600-bbbbbbb'

export function processesContract(name: string, make: () => Promise<ProcessesSubject>): void {
  describe(`${name} keeps a process manager's promises`, { timeout: 120_000 }, () => {
    let subject: ProcessesSubject
    const subjects: ProcessesSubject[] = []
    beforeEach(async () => {
      subject = await make()
      subjects.push(subject)
    })
    afterAll(async () => {
      for (const each of subjects) await each.close()
    })
    const running = (activation?: Activation): Promise<readonly Process[]> =>
      subject.processes.running(subject.host, activation)
    const reload = async (release: string, app: AppKind): Promise<Activation> => {
      const activation = await subject.activate(release, app)
      await subject.processes.reload(subject.host, activation, limits)
      return activation
    }

    const runningWell = async (): Promise<readonly Process[]> => {
      const activation = await reload(first, 'well')
      await subject.untilWell()
      return running(activation)
    }

    it('lists nothing where nothing runs, and has no last words of it', async () => {
      const activation = await subject.activate(first, 'well')
      expect(await running()).toEqual([])
      expect(await running(activation)).toEqual([])
      expect(await subject.processes.log(subject.host, activation, 30)).toBe('')
    })

    it('starts the activated release where nothing ran', async () => {
      const activation = await subject.activate(first, 'well')
      expect(await subject.processes.reload(subject.host, activation, limits)).toEqual([])
      await subject.untilWell()
      const seen = await running(activation)
      expect(seen.length).toBeGreaterThan(0)
      for (const each of seen) expect(each).toMatchObject({ status: 'online', cwd: activation.directory, restarts: 0 })
      expect(pidsOf(seen)).not.toContain(0)
      expect(pidsOf(await running())).toEqual(pidsOf(seen))
    })

    it('replaces every process by one of the activated release, and says which were there before', async () => {
      const before = await runningWell()
      const activation = await subject.activate(second, 'well')
      expect(subject.processes.isPinned(before, activation)).toBe(false)
      const told = await subject.processes.reload(subject.host, activation, limits)
      expect(pidsOf(told)).toEqual(pidsOf(before))
      await subject.untilWell()
      const after = await running(activation)
      expect(after.length).toBe(before.length)
      for (const each of after) expect(each).toMatchObject({ status: 'online', cwd: activation.directory, restarts: 0 })
      expect(pidsOf(after).filter((pid) => pidsOf(before).includes(pid))).toEqual([])
    })

    it('may reload the same release again', async () => {
      const before = await runningWell()
      const activation = await reload(first, 'well')
      await subject.untilWell()
      const after = await running(activation)
      expect(after.length).toBe(before.length)
      expect(pidsOf(after).filter((pid) => pidsOf(before).includes(pid))).toEqual([])
    })

    it('says so when the commands fail, and leaves what runs', async () => {
      const before = await runningWell()
      const activation = { ...(await subject.activate(first, 'well')), commands: ['false'] }
      const failed = subject.processes.reload(subject.host, activation, limits)
      await expect(failed).rejects.toMatchObject({ code: 'host-command' })
      expect(pidsOf(await running())).toEqual(pidsOf(before))
    })

    it('takes a release that throws at boot for reloaded, and shows that it does not stay up', async () => {
      await reload(first, 'well')
      await subject.untilWell()
      const activation = await reload(second, 'throws at boot')
      const isGivenUp = async (): Promise<boolean> =>
        (await running(activation)).every(({ status, restarts }) => status === 'errored' || restarts > 0)
      await expect.poll(isGivenUp, { timeout: waitMs, interval: 300 }).toBe(true)
    })

    it('shows that a process died and was started again', async () => {
      const activation = await reload(first, 'dies')
      const before = pidsOf(await running(activation))
      const hasDied = async (): Promise<boolean> => (await running(activation)).some(({ restarts }) => restarts > 0)
      await expect.poll(hasDied, { timeout: waitMs, interval: 300 }).toBe(true)
      expect(pidsOf(await running(activation))).not.toEqual(before)
    })

    it('stops and forgets the app, and may be asked to again', async () => {
      const activation = await reload(first, 'well')
      await subject.untilWell()
      await subject.processes.stop(subject.host, activation, limits)
      await subject.processes.stop(subject.host, activation, limits)
      expect(await running(activation)).toEqual([])
    })
  })
}

function pidsOf(processes: readonly Process[]): readonly number[] {
  return processes.map(({ pid }) => pid).toSorted((one, other) => one - other)
}
