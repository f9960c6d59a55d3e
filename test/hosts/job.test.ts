/** Real shells, and a line that is cut. */
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { describe, type TestContext, test } from 'vitest'
import type { CommandResult, Host } from '../../src/hosts/host.ts'
import { isNotBegun, stepHosts } from '../../src/hosts/job.ts'
import { jobExit, jobMark, jobScript } from '../../src/hosts/job-script.ts'
import { hearing, isAlive, stepGround } from './step-ground.ts'

const timeoutMs = 60_000
const well: CommandResult = { code: 0, signal: null, timedOut: false, stdout: '', stderr: '' }

function ground(onTestFinished: TestContext['onTestFinished']) {
  const on = stepGround(onTestFinished)
  on.own('ada')
  return { ...on, ada: on.stepsOf('ada') }
}

describe('a step on a host', () => {
  test.concurrent('ends as on the connection itself: exit status, both streams', async ({ expect, onTestFinished }) => {
    const { ada } = ground(onTestFinished)
    const lines: string[] = []
    const onLine = (line: string, stream: string) => lines.push(`${stream} ${line}`)
    const script = `echo out; printf 'err' >&2; exit 7`
    expect(await ada.run(script, { timeoutMs, onLine })).toMatchObject({
      code: 7,
      timedOut: false,
      stdout: 'out\n',
      stderr: expect.stringMatching(/^err\n?$/),
    })
    expect(lines.toSorted()).toEqual(['stderr err', 'stdout out'])
    expect(await ada.run('kill -KILL $$', { timeoutMs })).toMatchObject({ code: 137 })
  })

  test.concurrent('finds the shell as it is on the connection: file modes, folder, nothing that cannot be interrupted', async ({
    expect,
    onTestFinished,
  }) => {
    const { ada, line } = ground(onTestFinished)
    const script = `umask; pwd; echo "$#"; grep SigIgn /proc/self/status; sh -c 'kill -s INT $$'; echo $?; env | grep -c zdr_`
    const on = await line.host.run(script, { timeoutMs })
    expect(await ada.run(script, { timeoutMs })).toMatchObject({ stdout: on.stdout })
    expect(on.stdout).toContain('\n130\n')
  })

  test.concurrent('says its lines while it runs', async ({ expect, onTestFinished }) => {
    const { ada, gate, openGate } = ground(onTestFinished)
    const { onLine, heard } = hearing('begun')
    const running = ada.run(`echo begun; ${gate}`, { timeoutMs, onLine })
    await heard
    openGate()
    expect(await running).toMatchObject({ ...well, stdout: 'begun\n' })
  })

  test.concurrent('keeps what it is given, and what it says, from others', async ({ expect, onTestFinished }) => {
    const { ada, layout } = ground(onTestFinished)
    await ada.run(`[ "$(umask)" != 0077 ]`, { timeoutMs })
    const steps = `${layout.zdr}/steps`
    const made = readdirSync(steps, { recursive: true, encoding: 'utf8' })
    expect(made.length).toBeGreaterThan(2)
    for (const path of [steps, ...made.map((name) => `${steps}/${name}`)])
      if (existsSync(path)) expect(statSync(path).mode & 0o077, path).toBe(0)
  })

  test.concurrent('does not leave what it was given on the disk when it has ended, or was refused', async ({
    expect,
    onTestFinished,
  }) => {
    const { ada, own, layout } = ground(onTestFinished)
    const scripts = (): readonly string[] =>
      readdirSync(`${layout.zdr}/steps/ada`).filter((name) => name.endsWith('.script'))
    await ada.run('true', { timeoutMs })
    await expect.poll(scripts).toEqual([])
    own('bob')
    await expect(ada.run('true', { timeoutMs })).rejects.toMatchObject({ code: 'locked' })
    await expect.poll(scripts).toEqual([])
  })

  test.concurrent('is not begun where there is no room to write that down', async ({ expect, onTestFinished }) => {
    const { line, layout, file } = ground(onTestFinished)
    // A step's own shell cannot write a byte, as on a disk that has just become full.
    const full = `case $2 in *.script) trap '' XFSZ; ulimit -f 0 ;; esac`
    writeFileSync(file('setsid'), `#!/bin/sh\n${full}\nexec "$(PATH=\${PATH#*:} command -v setsid)" "$@"\n`, {
      mode: 0o755,
    })
    const run: Host['run'] = (script, options) => line.host.run(`PATH=${file('')}:$PATH\n${script}`, options)
    const steps = stepHosts({ ...line.host, run }, layout)('ada')
    await expect(steps.run(`: > ${file('ran')}`, { timeoutMs })).rejects.toMatchObject({
      code: 'host-command',
      message: expect.stringContaining('it was not begun'),
      hint: expect.stringContaining('Is its disk full?'),
    })
    expect(existsSync(file('ran'))).toBe(false)
  })

  test.concurrent('is not begun where there is no room for what it is to run, nor for its folder', async ({
    expect,
    onTestFinished,
  }) => {
    const { line, layout, file } = ground(onTestFinished)
    const on = (before: string) =>
      stepHosts(
        { ...line.host, run: (script, options) => line.host.run(`${before}\n${script}`, options) },
        layout,
      )('ada')
    const script = `: > ${file('ran')}`
    for (const full of ["trap '' XFSZ; ulimit -f 0", 'mkdir() { echo no room >&2; false; }']) {
      rmSync(`${layout.zdr}/steps`, { recursive: true, force: true })
      const failed: unknown = await on(full)
        .run(script, { timeoutMs })
        .catch((error: unknown) => error)
      expect(failed).toMatchObject({
        hint: expect.stringContaining('Is its disk full?'),
        output: expect.stringMatching(/\S/),
      })
      expect(isNotBegun(failed)).toBe(true)
    }
    expect(existsSync(file('ran'))).toBe(false)
  })

  test.concurrent('begins on a full disk with the room that was kept for it', async ({ expect, onTestFinished }) => {
    const { line, layout } = ground(onTestFinished)
    const reserve = `${layout.lock}.reserve`
    for (const needed of ['mkdir', 'printf']) {
      rmSync(`${layout.zdr}/steps`, { recursive: true, force: true })
      writeFileSync(reserve, 'room')
      const full = `${needed}() { [ ! -e ${reserve} ] && command ${needed} "$@"; }`
      const run: Host['run'] = (script, options) => line.host.run(`${full}\n${script}`, options)
      expect(await stepHosts({ ...line.host, run }, layout)('ada').run('echo done', { timeoutMs })).toMatchObject({
        code: 0,
        stdout: 'done\n',
      })
      expect(existsSync(reserve)).toBe(false)
    }
  })

  test.concurrent('that may have begun is not said to be one that has not, though what is kept of it cannot be opened', async ({
    expect,
    onTestFinished,
  }) => {
    const { line, layout } = ground(onTestFinished)
    const job = { id: 'one', token: 'ada', script: 'true', timeoutMs, waitMs: 0, sinceMs: 0, isLasting: false }
    mkdirSync(`${layout.zdr}/steps/ada/one.state`, { recursive: true })
    const script = jobScript(layout, { ...job, abandoned: [], known: [] })
    const { code, stderr } = await line.host.run(script, { timeoutMs })
    expect(code).toBe(jobExit)
    expect(stderr).toContain(`${jobMark(job)} gone`)
  })

  test.concurrent('has no standard input: whoever gives it one is mistaken', async ({ expect, onTestFinished }) => {
    const { ada } = ground(onTestFinished)
    await expect(ada.run('cat', { timeoutMs, stdin: 'one' })).rejects.toThrow('no standard input')
  })

  test.concurrent('of which stderr is opened anew still says what it says there', async ({
    expect,
    onTestFinished,
  }) => {
    const { ada } = ground(onTestFinished)
    const { stderr } = await ada.run('echo a longer line before >&2; sleep 0.6; echo why > /dev/stderr', { timeoutMs })
    expect(stderr).toContain('why')
  })

  test.concurrent('leaves nothing behind: no process, and no file but its own, until the next one has ended', async ({
    expect,
    onTestFinished,
  }) => {
    const { ada, users, kept } = ground(onTestFinished)
    for (const _ of [1, 2, 3]) await ada.run('true', { timeoutMs })
    await expect.poll(() => kept('ada').size).toBe(1)
    await expect.poll(users).toEqual([])
  })

  test.concurrent('does not wait for what it leaves running, nor keeps it from doing so', async ({
    expect,
    onTestFinished,
  }) => {
    const { ada } = ground(onTestFinished)
    const { stdout } = await ada.run('setsid sleep 300 & echo $!', { timeoutMs })
    const pid = Number(stdout)
    expect(isAlive(pid)).toBe(true)
    expect(await ada.run('echo next', { timeoutMs })).toMatchObject({ stdout: 'next\n' })
    process.kill(pid)
  })
})

describe('a step whose connection is lost', () => {
  test.concurrent('goes on, is found again, and says each line once', async ({ expect, onTestFinished }) => {
    const { ada, line, file, lines, gate, openGate } = ground(onTestFinished)
    const told: string[] = []
    const { onLine, heard } = hearing('two')
    const script = `echo one; echo two; echo ran >> ${file('ran')}; ${gate}; echo three; exit 5`
    const running = ada.run(script, {
      timeoutMs,
      onLine: (said) => {
        told.push(said)
        onLine(said)
      },
    })
    await heard
    line.cut()
    await expect.poll(line.asked).toBeGreaterThan(1)
    openGate()
    line.mend()
    expect(await running).toEqual({ ...well, code: 5, stdout: 'one\ntwo\nthree\n' })
    expect(told).toEqual(['one', 'two', 'three'])
    expect(lines('ran')).toEqual(['ran'])
  })

  test.concurrent('before it arrived is begun when the host is there again, and once', async ({
    expect,
    onTestFinished,
  }) => {
    const { ada, line, file, lines } = ground(onTestFinished)
    line.cut()
    const running = ada.run(`echo ran >> ${file('ran')}`, { timeoutMs })
    await expect.poll(line.asked).toBe(1)
    line.mend()
    expect(await running).toEqual(well)
    expect(lines('ran')).toEqual(['ran'])
  })

  test.concurrent('when it had ended is not begun again: how it ended is still known', async ({
    expect,
    onTestFinished,
  }) => {
    const { ada, line, file, lines } = ground(onTestFinished)
    line.loseAnswer()
    expect(await ada.run(`echo ran >> ${file('ran')}; exit 3`, { timeoutMs })).toEqual({ ...well, code: 3 })
    expect(line.asked()).toBe(2)
    expect(lines('ran')).toEqual(['ran'])
  })

  test.concurrent('is ended with its group when its time is over, though nobody listens', async ({
    expect,
    onTestFinished,
  }) => {
    const { ada, line, file, lines } = ground(onTestFinished)
    const script = `trap '' TERM; (sleep 300 & echo $! >> ${file('pids')}; wait) & echo $$ >> ${file('pids')}; echo begun; wait`
    const { onLine, heard } = hearing('begun')
    const running = ada.run(script, { timeoutMs: 1_500, onLine })
    await heard
    line.cut()
    await expect.poll(() => lines('pids').length).toBe(2)
    await expect.poll(() => lines('pids').map(Number).filter(isAlive), { timeout: 20_000 }).toEqual([])
    line.mend()
    expect(await running).toMatchObject({ code: null, timedOut: true, stdout: 'begun\n' })
  })

  test.concurrent('is not begun on a machine that was started since it was tried first: it may have forgotten it', async ({
    expect,
    onTestFinished,
  }) => {
    const { line, layout, file } = ground(onTestFinished)
    const job = {
      id: 'one',
      token: 'ada',
      script: `: > ${file('ran')}`,
      timeoutMs,
      waitMs: 0,
      isLasting: false,
      abandoned: [],
      known: [],
    }
    const { code, stderr } = await line.host.run(jobScript(layout, { ...job, sinceMs: 1e12 }), { timeoutMs })
    expect(code).toBe(jobExit)
    expect(stderr).toContain(`${jobMark(job)} gone`)
    expect(existsSync(file('ran'))).toBe(false)
  })

  test.concurrent('and of which nobody knows any more how it ended, is said to be so', async ({
    expect,
    onTestFinished,
  }) => {
    const { ada } = ground(onTestFinished)
    await expect(ada.run('kill -s KILL $PPID; sleep 1', { timeoutMs })).rejects.toMatchObject({
      code: 'host-unreachable',
      message: expect.stringContaining('how the step ended cannot be told'),
    })
  })
})

test.concurrent('a machine without setsid is said to be one', async ({ expect, onTestFinished }) => {
  const { line, layout } = ground(onTestFinished)
  const run: Host['run'] = (script, options) => line.host.run(`command() { false; }\n${script}`, options)
  expect(await stepHosts({ ...line.host, run }, layout)('ada').run('true', { timeoutMs })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('install util-linux'),
  })
})
