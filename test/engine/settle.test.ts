import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { settle } from '../../src/engine/settle.ts'
import type { HistoryEntry } from '../../src/hosts/history.ts'
import { entry, manifest, ours } from './fakes.ts'
import { ground, layOut, v1, v2 } from './ground.ts'

async function settled(on: ReturnType<typeof ground>, deployed: HistoryEntry | null, keep = 5): Promise<void> {
  await settle({ fleet: on.fleet, lock: ours, keep }, deployed)
}

const histories = async (on: ReturnType<typeof ground>) =>
  (await on.look()).map(({ inspection }) => inspection.history.map(({ release, kind }) => `${kind} ${release}`))

test('what was deployed is written into the history of every host, once', async () => {
  const on = ground(['a', 'b'])
  await settled(on, entry(v2))
  await settled(on, { ...entry(v2), at: '2026-11-22T00:00:00.000Z' })
  const both = [`deploy ${v1}`, `deploy ${v2}`]
  expect(await histories(on)).toEqual([both, both])
})

test('a rollback is written as one', async () => {
  const on = ground(['a'])
  await settled(on, entry(v2))
  await settled(on, entry(v1, 'rollback'))
  expect(await histories(on)).toEqual([[`deploy ${v1}`, `deploy ${v2}`, `rollback ${v1}`]])
})

test('old releases are removed, and never the one that runs or the one before', async () => {
  const on = ground(['a'])
  const [machine] = on.fleet.machines
  if (machine === undefined) throw new Error('no machine')
  const old = '20260101000000-0000000'
  const older = '20250101000000-0000000'
  layOut(machine, manifest(old))
  layOut(machine, manifest(older))
  await settled(on, entry(v2), 3)
  const [view] = await on.look()
  expect(view?.inspection.releases).toEqual([old, v1, v2])
  expect(view?.inspection.manifests.map(({ id }) => id)).toEqual([old, v1, v2])
})

test('after a deploy that failed nothing is written, and what failed is removed: a pipeline that tries again and again fills no disk', async () => {
  const on = ground(['a'])
  const [machine] = on.fleet.machines
  if (machine === undefined) throw new Error('no machine')
  layOut(machine, manifest('20270101000000-0000000', { state: 'failed' }))
  await settled(on, null)
  const [view] = await on.look()
  expect(view?.inspection.releases).toEqual([v1, v2])
  expect(await histories(on)).toEqual([[`deploy ${v1}`]])
})

test('what cannot be tidied up is a warning: the release serves, and the other hosts are tidied', async () => {
  const on = ground(['a', 'b'])
  const [machine] = on.fleet.machines
  if (machine === undefined) throw new Error('no machine')
  rmSync(machine.layout.history)
  mkdirSync(join(machine.layout.history, 'in-the-way'), { recursive: true })
  await settled(on, entry(v2))
  expect(on.fleet.reports).toMatchObject([{ type: 'note', level: 'warning', host: 'a' }])
  expect((await histories(on)).at(-1)).toEqual([`deploy ${v1}`, `deploy ${v2}`])
})

test('what is new is measured, for the next deploy to know what it needs', async () => {
  const on = ground(['a'])
  const [machine] = on.fleet.machines
  if (machine === undefined) throw new Error('no machine')
  await settled(on, entry(v2))
  expect(existsSync(join(machine.layout.manifests, `${v2}.size`))).toBe(true)
})
