import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type LocalHook, runLocally } from '../../src/commands/local-hooks.ts'
import { context, environment, type FakeContext } from './environment.ts'

function here(): FakeContext {
  const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'zdr-local-')))
  onTestFinished(() => rmSync(cwd, { recursive: true }))
  return context({ cwd })
}

const hook = (
  given: FakeContext,
  commands: readonly string[],
  change: Partial<LocalHook['config']> = {},
): LocalHook => ({
  key: 'pre-deploy-local',
  commands,
  told: { ZDR_SHA: '2'.repeat(40), ZDR_RELEASE: '20261102000000-2222222' },
  config: environment({ env: { NAME: 'shop' }, ...change }),
  context: given,
  signal: new AbortController().signal,
})

/** Of a process that nobody has waited for yet there is no more than its number. */
function isGone(pid: number): boolean {
  try {
    return /^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return true
  }
}

/** Whoever has nobody to wait for it stays for a while, as a number. */
const tree = "trap 'wait; exit 1' TERM; sleep 300 & echo $!; wait"

const written = ({ reports }: FakeContext) => reports.map((report) => (report.type === 'output' ? report.line : ''))

test('runs one after another in the working directory, and knows what is deployed, but nothing of the hosts', async () => {
  const given = here()
  const line = 'echo "[$NAME] $ZDR_ENVIRONMENT $ZDR_RELEASE $ZDR_SHA"'
  await runLocally(hook(given, ['touch one', 'ls', 'pwd', line]))
  expect(written(given)).toEqual(['one', given.cwd, `[] production 20261102000000-2222222 ${'2'.repeat(40)}`])
})

test('ends the deploy where one fails: the next is not begun, and its last lines are shown', async () => {
  const given = here()
  const failing = runLocally(hook(given, ['echo out; echo why >&2; exit 3', 'touch never']))
  await expect(failing).rejects.toMatchObject({
    code: 'host-command',
    message: expect.stringContaining('pre-deploy-local failed with 3'),
    output: expect.stringContaining('why'),
  })
  await runLocally(hook(given, ['ls']))
  expect(written(given).toSorted()).toEqual(['out', 'why'])
})

test('has no input: a command that asks gets no answer, and does not wait for one', async () => {
  const given = here()
  await runLocally(hook(given, ['read answer || echo nobody']))
  expect(written(given)).toEqual(['nobody'])
})

test('is done when its commands are: what they leave behind is not waited for', async () => {
  const given = here()
  await runLocally(hook(given, ['sleep 300 & echo $!']))
  process.kill(Number(written(given)[0]))
})

test('ends with its time, and names what sets it', async () => {
  const prepare = { timeoutMs: 300, setBy: 'timeouts.prepare' }
  const given = here()
  const running = runLocally(hook(given, [tree], { timeouts: { ...environment().timeouts, prepare } }))
  await expect(running).rejects.toMatchObject({
    code: 'host-command',
    message: expect.stringContaining('did not end within 0.3 s (timeouts.prepare)'),
  })
  expect(isGone(Number(written(given)[0]))).toBe(true)
})

test('is ended by an interruption, with all that it has started, and the next is not begun', async () => {
  const given = here()
  const ending = new AbortController()
  const report: FakeContext['report'] = (event) => {
    given.report(event)
    if (event.type === 'output') ending.abort()
  }
  const commands = [tree, 'touch never']
  const running = runLocally({ ...hook(given, commands), context: { ...given, report }, signal: ending.signal })
  await expect(running).rejects.toMatchObject({ message: expect.stringContaining('pre-deploy-local was interrupted') })
  expect(isGone(Number(written(given)[0]))).toBe(true)
  expect(existsSync(join(given.cwd, 'never'))).toBe(false)
})

test('runs under bash where it is here, and else under sh', async () => {
  const given = here()
  const path = mkdtempSync(join(tmpdir(), 'zdr-path-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  for (const tool of ['sh', 'echo']) symlinkSync(`/bin/${tool}`, join(path, tool))
  await runLocally(hook(given, [`echo "\${BASH_VERSION:+bash}"`]))
  await runLocally(hook({ ...given, env: { PATH: path } }, [`echo "\${BASH_VERSION:-sh}"`]))
  expect(written(given)).toEqual(['bash', 'sh'])
})
