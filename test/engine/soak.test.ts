import { describe, expect, test } from 'vitest'
import { activationOf } from '../../src/engine/fleet.ts'
import { soak } from '../../src/engine/soak.ts'
import type { Health } from '../../src/health/health.ts'
import type { Processes } from '../../src/processes/processes.ts'
import { apps, fleet, machine, manifest, process, times } from './fakes.ts'

const release = '20261102000000-2222222'
const soakMs = 60_000

/** One host that serves the release by two processes, and is watched. */
function watched() {
  const running = apps()
  const on = machine('a')
  const lost = { answers: 0 }
  const all = fleet({ machines: [on], health: losing(running.health, lost), times: { ...times, soakMs } })
  const cwd = `${on.layout.releases}/${release}`
  running.of('a').processes = [process({ pid: 1, cwd }), process({ pid: 2, cwd })]
  const counted = countLists(running.processes(on))
  const startMs = all.clock.now()
  const passedMs = (): number => all.clock.now() - startMs
  /** Done once, when so much time has passed. */
  const soakWith = (atMs: number, disturb: () => void, isWanted = (): boolean => true): Promise<void> => {
    const activation = activationOf(on, manifest(release))
    const onWaiting = (): void => {
      if (passedMs() === atMs) disturb()
    }
    const standing = running.of('a').processes
    return soak(all, { machine: on, activation, processes: counted.processes, standing, isWanted, onWaiting })
  }
  return { lost, app: running.of('a'), bad: running.bad, lists: counted.lists, cwd, passedMs, soakWith }
}

/** So many of the next answers are lost on their way. */
function losing(health: Health, lost: { answers: number }): Health {
  return {
    check: async (host) => {
      if (lost.answers === 0) return health.check(host)
      lost.answers -= 1
      return { healthy: false, detail: 'no answer' }
    },
  }
}

function countLists(processes: Processes) {
  let lists = 0
  const running: Processes['running'] = (...asked) => {
    lists += 1
    return processes.running(...asked)
  }
  return { processes: { ...processes, running }, lists: () => lists }
}

describe('a host that is watched', () => {
  test('and stays well, has soaked when the time is over, and not before', async () => {
    const on = watched()
    await on.soakWith(0, () => undefined)
    expect(on.passedMs()).toBe(soakMs)
  })

  test('and turns ill, fails within seconds', async () => {
    const on = watched()
    const soaking = on.soakWith(20_000, () => on.bad.add(release))
    await expect(soaking).rejects.toMatchObject({ code: 'verify', message: expect.stringContaining('stay healthy') })
    expect(on.passedMs()).toBeLessThan(25_000)
  })

  test('and is ill for one answer only, is asked again before that counts', async () => {
    const on = watched()
    const soaking = on.soakWith(20_000, () => {
      on.lost.answers = 1
    })
    await soaking
    expect([on.lost.answers, on.passedMs()]).toEqual([0, soakMs])
  })

  test('and loses one of its processes, fails though it answers healthily', async () => {
    const on = watched()
    const soaking = on.soakWith(20_000, () => {
      on.app.processes = [process({ pid: 1, cwd: on.cwd }), process({ pid: 3, cwd: on.cwd })]
    })
    await expect(soaking).rejects.toThrow('shop (pid 2) was verified, and did not stay up in rotation')
    expect(on.passedMs()).toBeLessThan(30_000)
  })

  test('and loses a process just before the end, fails as well', async () => {
    const on = watched()
    const soaking = on.soakWith(soakMs - 1_000, () => {
      on.app.processes = on.app.processes.map((each) => ({ ...each, status: 'errored' }))
    })
    await expect(soaking).rejects.toThrow('did not stay up')
  })

  test('is left at once when nobody waits for it any more, whatever becomes of it', async () => {
    const on = watched()
    let isWanted = true
    await on.soakWith(
      20_000,
      () => {
        isWanted = false
        on.app.processes = []
      },
      () => isWanted,
    )
    expect(on.passedMs()).toBeLessThan(25_000)
  })

  test('whose turn back comes while it is asked, is not said to have failed', async () => {
    const on = watched()
    let asks = 0
    // Wanted when the round begins, and not any more when it has its answers.
    const isWanted = (): boolean => {
      asks += 1
      return asks === 1
    }
    on.app.isDown = true
    await on.soakWith(0, () => undefined, isWanted)
  })

  test('is asked for its processes seldom: a manager may start a whole program for each answer', async () => {
    const on = watched()
    await on.soakWith(0, () => undefined)
    expect(on.lists()).toBeGreaterThan(5)
    expect(on.lists()).toBeLessThanOrEqual(soakMs / 5_000 + 2)
  })
})
