import { describe, expect, test } from 'vitest'
import type { CommandResult, Host, RunOptions } from '../../src/hosts/host.ts'
import { endText, lastLines, runScript } from '../../src/hosts/run-script.ts'
import { localHost } from '../balancers/local-host.ts'

const timeoutMs = 10_000
const doing = { what: 'a build', timeoutMs }
const well: CommandResult = { code: 0, signal: null, timedOut: false, stdout: '', stderr: '' }
const tooLong: CommandResult = { ...well, code: null, signal: 'SIGKILL', timedOut: true, stdout: 'half' }

function ending(result: CommandResult, asked: RunOptions[] = []): Host {
  const run = async (_: string, options: RunOptions): Promise<CommandResult> => {
    asked.push(options)
    return result
  }
  return { ...localHost('a'), run }
}

describe('a script that must end well', () => {
  test('gives what it said', async () => {
    expect(await runScript(localHost('a'), 'echo done', doing)).toMatchObject({ code: 0, stdout: 'done\n' })
  })

  test('that takes too long is said to have taken too long', async () => {
    await expect(runScript(ending(tooLong), 'sleep 100', doing)).rejects.toMatchObject({
      code: 'host-command',
      message: 'a build: not done within 10 s',
      output: 'half',
      cause: { timedOut: true },
    })
  })

  test('and took too long, says which key of the configuration gives it more time', async () => {
    const limit = { timeoutMs, setBy: 'timeouts.prepare' }
    await expect(runScript(ending(tooLong), 'sleep 100', { what: 'a build', ...limit })).rejects.toMatchObject({
      message: 'a build: not done within 10 s (timeouts.prepare)',
    })
  })

  test('and does not, says what could not be done and what to try, with its last words', async () => {
    const script = 'echo one; echo two >&2; exit 3'
    await expect(
      runScript(localHost('a'), script, { ...doing, code: 'git', hint: 'Try again.' }),
    ).rejects.toMatchObject({
      code: 'git',
      message: 'a build',
      hint: 'Try again.',
      output: 'one\n\ntwo',
      cause: { code: 3 },
    })
  })

  test('tells its lines while it runs, and asks for none where nobody listens', async () => {
    const lines: string[] = []
    await runScript(localHost('a'), 'echo one; echo two', { ...doing, onLine: (line) => lines.push(line) })
    expect(lines).toEqual(['one', 'two'])
    const asked: RunOptions[] = []
    await runScript(ending(well, asked), '', doing)
    expect(asked).toEqual([{ timeoutMs }])
  })
})

test('of a long output the last lines are shown', () => {
  const stdout = Array.from({ length: 100 }, (_, index) => `line ${index}`).join('\n')
  const shown = lastLines({ stdout, stderr: 'the reason' }).split('\n')
  expect(shown).toHaveLength(30)
  expect(shown.at(-1)).toBe('the reason')
})

test('how a command ended is said in words', () => {
  expect(endText({ ...well, code: 1 }, { timeoutMs })).toBe('ended with 1')
  expect(endText({ ...well, code: null, signal: 'SIGTERM' }, { timeoutMs })).toBe('ended with SIGTERM')
  expect(endText(tooLong, { timeoutMs })).toBe('did not end within 10 s')
  expect(endText(tooLong, { timeoutMs, setBy: 'timeouts.reload' })).toBe('did not end within 10 s (timeouts.reload)')
})
