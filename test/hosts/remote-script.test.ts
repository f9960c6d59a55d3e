import { spawn, spawnSync } from 'node:child_process'
import { on, once } from 'node:events'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { BOOTSTRAP, frame, isTarget, sendSignal } from '../../src/hosts/remote-script.ts'

const LOGIN_SHELLS = ['sh', 'dash', 'bash', 'zsh', 'fish', 'ash', 'ksh']
const present = LOGIN_SHELLS.filter((shell) => spawnSync(shell, ['-c', 'true']).status === 0)

describe.each(present)('with %s as the login shell', (shell) => {
  const begin = (input: string) => {
    // As sshd does it: a session of its own.
    const child = spawn(shell, ['-c', BOOTSTRAP], { detached: true })
    child.stdin.end(input)
    return { child, output: Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]) }
  }

  it('a script arrives as written, and the rest is its input', async () => {
    const script = `printf '%s|' "\\\\ \\n" '$x' "it's" '#!"'\n\n  cat; exit 4`
    const { child, output } = begin(`${frame(script, 'MARK')}its input\nwithout end`)
    const [stdout, stderr] = await output
    expect(stdout).toBe(`MARK\n\\ \\n|$x|it's|#!"|its input\nwithout end`)
    expect(stderr).toBe(`MARK -${child.pid}\n`)
    expect(child.exitCode).toBe(4)
  })

  it('a script that did not arrive whole is not run', async () => {
    const whole = frame('echo one\necho two', 'MARK')
    const { child, output } = begin(whole.slice(0, whole.indexOf('two')))
    expect((await output)[0]).toBe('MARK\n')
    expect(child.exitCode).toBe(125)
  })

  it('nothing of ours is left in the script’s variables', async () => {
    const { output } = begin(frame('set | grep -c zdr_', 'MARK'))
    expect((await output)[0]).toBe('MARK\n0\n')
  })

  it('a script is ended with what it started, in groups of their own as well', async () => {
    const { child, output } = begin(frame('timeout 300 sh -c "echo begun; exec sleep 300" & sleep 300 & wait', 'MARK'))
    // The first word of all is the marker's: `timeout` has no group of its own by then.
    for await (const [data] of on(child.stdout, 'data')) if (String(data).includes('begun')) break
    expect(spawnSync(shell, ['-c', sendSignal('TERM', `-${child.pid}`)]).status).toBe(0)
    // Its streams close when the last process that could write to them has gone.
    await output
    expect(child.signalCode).toBe('SIGTERM')
    expect(spawnSync(shell, ['-c', sendSignal('KILL', `-${child.pid}`)])).toMatchObject({ status: 0 })
  })
})

it('only a process, or a group of processes, of ours is ever ended', () => {
  expect(['123', '-123', '2', '-2'].filter(isTarget)).toHaveLength(4)
  expect(['', '-', '0', '-0', '1', '-1', '--5', '5; reboot', '01', ' 7'].filter(isTarget)).toEqual([])
})
