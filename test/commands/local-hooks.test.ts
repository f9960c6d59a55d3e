import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { runLocally } from '../../src/commands/local-hooks.ts'
import { manifest } from '../engine/fakes.ts'
import { context, environment, type FakeContext } from './environment.ts'

function here(): FakeContext {
  const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'zdr-local-')))
  onTestFinished(() => rmSync(cwd, { recursive: true }))
  return context({ cwd })
}

const hook = (given: FakeContext) => ({
  config: environment({ env: { NAME: 'shop' } }),
  manifest: manifest('20261102000000-2222222'),
  context: given,
})

const written = ({ reports }: FakeContext) => reports.map((report) => (report.type === 'output' ? report.line : ''))

test('runs one after another in the working directory, and knows what is deployed', async () => {
  const given = here()
  const line = 'echo "$NAME $ZDR_ENVIRONMENT $ZDR_RELEASE $ZDR_SHA"'
  await runLocally(['touch one', 'ls', 'pwd', line], hook(given))
  expect(written(given)).toEqual(['one', given.cwd, `shop production 20261102000000-2222222 ${'2'.repeat(40)}`])
})

test('ends the deploy where one fails: the next is not begun, and its last lines are shown', async () => {
  const given = here()
  const failing = runLocally(['echo out; echo why >&2; exit 3', 'touch never'], hook(given))
  await expect(failing).rejects.toMatchObject({
    code: 'host-command',
    message: expect.stringContaining('pre-deploy-local failed with 3'),
    output: expect.stringContaining('why'),
  })
  await runLocally(['ls'], hook(given))
  expect(written(given).toSorted()).toEqual(['out', 'why'])
})

test('has no input: a command that asks gets no answer, and does not wait for one', async () => {
  const given = here()
  await runLocally(['read answer || echo nobody'], hook(given))
  expect(written(given)).toEqual(['nobody'])
})
