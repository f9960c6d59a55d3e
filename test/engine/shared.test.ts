/** Real shells, a real repository. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { deployment, notes } from './deployment.ts'

function shop() {
  const on = deployment(['a', 'b'])
  const [machine] = on.fleet.machines
  if (machine === undefined) throw new Error('a fleet without hosts')
  const { layout } = machine
  const run = (text: string, shared: readonly string[] = ['.env', 'uploads/']) => {
    const uploads = { '.env': createHash('sha256').update(text).digest('hex') }
    return on.run({
      order: { recipe: { ...on.recipe, shared, uploads }, uploads: [{ to: '.env', content: Buffer.from(text) }] },
    })
  }
  const back = () => on.run({ order: { wish: { kind: 'release', release: 1 } } })
  const env = (folder: string): string => readFileSync(join(folder, '.env'), 'utf8')
  return { ...on, layout, run, back, env }
}

test('an upload that changed makes another release of the same commit, and one that did not changes nothing', async () => {
  const { layout, run, active, env } = shop()
  const first = await run('A=1')
  expect(first.finished?.outcome.kind).toBe('deployed')
  expect(readlinkSync(join(layout.current, 'uploads'))).toBe(join(layout.shared, 'uploads'))
  const [one] = active()
  expect((await run('A=1')).finished?.outcome.kind).toBe('unchanged')
  expect((await run('A=2')).finished?.outcome.kind).toBe('deployed')
  expect([active()[0] === one, env(layout.current)]).toEqual([false, 'A=2'])
  expect((await run('A=2', ['.env'])).finished?.outcome.kind).toBe('deployed')
  expect(existsSync(join(layout.current, 'uploads'))).toBe(false)
})

test('going back meets the upload of its own release', async () => {
  const { layout, run, back, env } = shop()
  await run('A=1')
  await run('A=2')
  expect((await back()).code).toBe(0)
  expect(env(layout.current)).toBe('A=1')
})

test('a shared file that went missing meanwhile stops the deploy before any host is taken out', async () => {
  const on = deployment(['a', 'b'])
  await expect(on.run({ order: { recipe: { ...on.recipe, shared: ['key'] } } })).rejects.toMatchObject({
    message: expect.stringContaining('could not be prepared on a, b'),
    cause: { output: expect.stringContaining('/shared/key is not there') },
  })
  expect(on.balancer.published).toEqual([])
})

test('that an install was spared is told once for the hosts where it was', async () => {
  const on = deployment(['a', 'b'])
  const from = '20261121031500-aaaaaaa'
  const prepare = [`echo '\`npm ci\` is spared: node_modules are copied from ${from}, which has the same'`]
  const { reports } = await on.run({ order: { recipe: { ...on.recipe, prepare } } })
  expect(notes(reports).filter((text) => text.includes('npm ci'))).toEqual([
    `a, b: \`npm ci\` is spared: node_modules are copied from ${from}; \`--fresh\` installs`,
  ])
})
