/** The script that turns the switch, on this machine: how flock failed is told apart. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { publishExit, publishScript } from '../../src/balancers/nginx-scripts.ts'
import { localHost } from './local-host.ts'

async function turnWith(flock: string) {
  const folder = await mkdtemp(join(tmpdir(), 'zdr-turning-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'in'), '')
  await writeFile(join(folder, 'lock'), '{"token":"ada"}\n')
  const words = { folder, statusPort: 1, from: 'in', to: 'out_web-1', by: 'ada', line: null, answer: '' }
  return localHost('lb-1').run(`flock() { ${flock}; }\n${publishScript(words)}`, { timeoutMs: 10_000 })
}

test('a switch that another hand keeps is no broken flock, nor the other way round', async () => {
  expect((await turnWith('return 1')).code).toBe(publishExit.busy)
  const broken = await turnWith('echo "flock: 9: No locks available" >&2; return 69')
  expect(broken).toMatchObject({ code: publishExit.flock, stderr: expect.stringContaining('No locks available') })
  expect((await turnWith('echo "flock: not found" >&2; return 127')).code).toBe(publishExit.flock)
})
