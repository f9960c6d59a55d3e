import { rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Fleet, foreignRelease } from '../../src/engine/fleet.ts'
import { inspectHost } from '../../src/engine/inspect.ts'
import { UserError } from '../../src/errors.ts'
import { manifest, process } from './fakes.ts'
import { ground, layOut, machineOn, v1, v2 } from './ground.ts'

function one() {
  const on = ground(['a'])
  const [machine] = on.fleet.machines
  if (machine === undefined) throw new Error('no machine')
  return { ...on, machine, app: on.apps.of('a'), seen: () => inspectHost(on.fleet, machine) }
}

test('a host runs the release that all its processes stand on, healthily, and that was verified', async () => {
  const view = await one().seen()
  expect(view).toMatchObject({ runs: v1, healthy: true, fault: null })
  expect(view.inspection.releases).toEqual([v1, v2])
})

test.each([
  [
    'one of its processes stands on another release',
    (on: ReturnType<typeof one>) => {
      on.app.processes = [...on.app.processes, process({ pid: 2, cwd: join(on.machine.layout.releases, v2) })]
    },
  ],
  [
    'one of its processes is not online',
    (on: ReturnType<typeof one>) => {
      on.app.processes = [
        ...on.app.processes,
        process({ pid: 2, cwd: on.app.processes[0]?.cwd ?? null, status: 'stopped' }),
      ]
    },
  ],
  [
    'nothing runs that we know, though somebody answers',
    (on: ReturnType<typeof one>) => {
      on.apps.of('a').processes = []
      Object.assign(on.fleet, { health: { check: async () => ({ healthy: true, detail: '200' }) } })
    },
  ],
  [
    'it is not healthy',
    (on: ReturnType<typeof one>) => {
      on.apps.bad.add(v1)
    },
  ],
  [
    'it was activated and never verified',
    (on: ReturnType<typeof one>) => {
      layOut(on.machine, manifest(v1, { state: 'activated' }))
    },
  ],
])('nothing certain runs where %s', async (_, disturb) => {
  const on = one()
  disturb(on)
  expect((await on.seen()).runs).toBe(null)
})

test('an app that no release of ours explains is known as foreign, as long as it is well', async () => {
  const on = one()
  rmSync(on.machine.layout.current)
  expect((await on.seen()).runs).toBe(foreignRelease)
  on.app.isDown = true
  expect((await on.seen()).runs).toBe(null)
})

test('a link to somewhere else is no release', async () => {
  const on = one()
  rmSync(on.machine.layout.current)
  symlinkSync('/tmp', on.machine.layout.current)
  expect((await on.seen()).inspection.current).toEqual({ kind: 'other', path: '/tmp' })
})

test('a manager that does not answer is told, and is no reason to see nothing else', async () => {
  const on = one()
  const silent = {
    ...on.fleet,
    processesOf: () => ({
      ...on.apps.processes(on.machine),
      running: () => Promise.reject(new UserError('host-command', 'pm2 does not answer')),
    }),
  }
  expect(await inspectHost(silent, on.machine)).toMatchObject({
    fault: 'pm2 does not answer',
    healthy: true,
    runs: null,
  })
})

test('a host without a release of ours is asked by the manager of the configuration', async () => {
  const on = one()
  rmSync(on.machine.layout.current)
  const asked: string[] = []
  const processesOf: Fleet['processesOf'] = (manager, machine) => {
    asked.push(manager)
    return on.apps.processes(machine)
  }
  await inspectHost({ ...on.fleet, defaultManager: 'command', processesOf }, on.machine)
  expect(asked).toEqual(['command'])
})

test('a manifest that cannot be read is passed over, and named', async () => {
  const on = one()
  writeFileSync(join(on.machine.layout.manifests, `${v2}.json`), '{"id":')
  const { inspection } = await on.seen()
  expect(inspection.unreadable).toEqual([`releases/${v2}.json`])
  expect(inspection.manifests.map(({ id }) => id)).toEqual([v1])
})

test('a host that says half is not looked at as if it had said all', async () => {
  const on = one()
  const half = {
    ...on.machine.host,
    run: async () => ({ code: 0, signal: null, timedOut: false, stdout: 'zdr-inspect\tbegin\t\n', stderr: '' }),
  }
  await expect(inspectHost(on.fleet, machineOn(half, on.machine.layout.base))).rejects.toMatchObject({
    code: 'host-command',
  })
})
